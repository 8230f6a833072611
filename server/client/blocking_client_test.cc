// SPDX-License-Identifier: Apache-2.0
// Threads of this machine, and a node that is a map.
#include "server/client/blocking_client.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "env/os/test_fixture.h"
#include "env/tls/test_certificates.h"
#include "env/tls/tls_loop.h"
#include "wire/guest.h"

namespace beach::server {
namespace {

constexpr wire::ClusterId kOurs{'o', 'u', 'r', 's'};
constexpr std::uint64_t kSecond = 1'000'000'000;

// Does puts and gets, without a log; on a thread of its own.
class MapNode {
 public:
  explicit MapNode(const env::Env& env) : env_(env), loop_(*env.network->NewLoop()) {
    listener_ =
        *loop_->Listen("127.0.0.1:0", {}, [this](std::unique_ptr<env::Connection> connection) {
          const auto place = guests_.emplace(guests_.end());
          wire::Guest::Callbacks callbacks;
          callbacks.on_frame = [this, place](const wire::Frame& frame) { Serve(**place, frame); };
          callbacks.on_gone = [this, place](const std::string&) { guests_.erase(place); };
          *place = std::make_unique<wire::Guest>(
              *loop_, *env_.clock, std::move(connection),
              wire::GuestOptions{.cluster = kOurs, .self = wire::NodeNumber(1)}, RequestBytesMax,
              callbacks);
          return (*place)->connection_callbacks();
        });
    address_ = listener_->address();
    thread_ = env::Thread("map-node", [this] { loop_->Run(); });
  }
  ~MapNode() {
    loop_->Post([this] {
      listener_.reset();
      guests_.clear();
      loop_->Stop();
    });
    thread_.Join();
  }
  const std::string& address() const { return address_; }

 private:
  void Serve(wire::Guest& guest, const wire::Frame& frame) {
    const auto request = DecodeRequest(frame.head.type, frame.payload);
    ASSERT_TRUE(request);
    Bytes answer;
    Reply reply;
    if (const auto* const write = std::get_if<WriteRequest>(&*request)) {
      answer = Write(*DecodeCommand(write->command));
      reply = WriteReply{.leader = {}, .answer = answer};
    } else if (const auto* const get = std::get_if<GetRequest>(&*request)) {
      GetReply got{.leader = {}, .index = index_, .value = std::nullopt};
      const auto found = values_.find(get->key);
      if (found != values_.end()) got.value = found->second;
      reply = got;
    } else if (std::holds_alternative<ScanRequest>(*request)) {
      ScanReply scanned{.leader = {}, .index = index_, .entries = {}, .next = std::nullopt};
      for (const auto& [key, value] : values_) scanned.entries.push_back({key, value});
      reply = scanned;
    } else if (std::holds_alternative<WatchRequest>(*request)) {
      const KeyChange change{.kind = KeyChangeKind::kDelete, .key = "sand"};
      reply = WatchReply{.leader = {},
                         .next = {.index = 9, .skip = 0},
                         .entries = {{.index = 9, .changes = {change}}}};
    } else if (std::holds_alternative<StatusRequest>(*request)) {
      reply = StatusReply{.leader = {}, .id = wire::NodeNumber(1), .nodes = {}};
    } else if (std::holds_alternative<ChangeRequest>(*request)) {
      reply = ChangeReply{.leader = {}, .index = 7};
    } else {
      reply = TransferReply{};
    }
    Bytes payload;
    EncodeReply(reply, payload);
    EXPECT_TRUE(
        guest.Send({.type = TypeOf(reply), .flags = 0, .request = frame.head.request}, payload));
  }
  Bytes Write(const Command& command) {
    ++index_;
    Answer answer{.kind = AnswerKind::kDone, .index = index_, .values = {}};
    const bool holds =
        command.conditions.empty() || values_.contains(Bytes(command.conditions[0].key)) !=
                                          (command.conditions[0].kind == ConditionKind::kAbsent);
    if (!holds) {
      answer.kind = AnswerKind::kOtherwise;
      answer.values = {values_[Bytes(command.conditions[0].key)]};
    }
    for (const Operation& operation : holds ? command.operations : command.otherwise) {
      if (operation.kind == OperationKind::kPut) {
        values_[Bytes(operation.key)] = Bytes(operation.value);
      } else if (operation.kind == OperationKind::kDelete) {
        values_.erase(Bytes(operation.key));
      }
    }
    Bytes bytes;
    EncodeAnswer(answer, bytes);
    return bytes;
  }

  const env::Env env_;
  std::unique_ptr<env::Loop> loop_;
  std::list<std::unique_ptr<wire::Guest>> guests_;
  std::unique_ptr<env::Listener> listener_;
  std::string address_;
  std::map<Bytes, Bytes, std::less<>> values_;
  std::uint64_t index_ = 0;
  env::Thread thread_;
};

class BlockingClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<BlockingClient> Open(const std::string& address) {
    ClientOptions options;
    options.cluster = kOurs;
    options.addresses = {address};
    auto client = BlockingClient::Open(world_.env(), options);
    EXPECT_TRUE(client);
    return *std::move(client);
  }
  env::OsFixture world_{env::AsyncWrites::kThreads};
};

TEST_F(BlockingClientTest, EachCallWaitsForItsResult) {
  MapNode node(world_.env());
  const auto client = Open(node.address());
  ASSERT_TRUE(client->Put("sand", "shell", kSecond * 60));
  EXPECT_EQ(client->Get("sand", kSecond * 60)->value, "shell");
  EXPECT_FALSE(client->Get("salt", kSecond * 60)->value);
  EXPECT_EQ(client->CompareAndSet("salt", std::nullopt, "1", kSecond * 60)->kind,
            AnswerKind::kDone);
  const auto again = client->CompareAndSet("salt", std::nullopt, "2", kSecond * 60);
  EXPECT_EQ(again->kind, AnswerKind::kOtherwise);
  EXPECT_EQ(again->values[0], "1");
  EXPECT_EQ(client->Scan({}, kSecond * 60)->entries.size(), 2U);
  ASSERT_TRUE(client->Delete("salt", kSecond * 60));
  EXPECT_FALSE(client->Get("salt", kSecond * 60, Consistency::kStale)->value);
  Operation put;
  put.kind = OperationKind::kPut;
  put.key = "foam";
  ASSERT_TRUE(client->Write({.conditions = {}, .operations = {put}, .otherwise = {}}, 0));
  EXPECT_EQ(client->Get("foam", 0)->value, "");
  const auto watched = client->Watch("", std::nullopt, 1, kSecond * 60);
  EXPECT_EQ(watched->entries[0].changes[0].key, "sand");
  EXPECT_EQ(watched->next, 9U);
  EXPECT_EQ(client->Status(kSecond * 60)->id, wire::NodeNumber(1));
  EXPECT_EQ(
      client->ChangeMembers({.deadline_ms = 0, .joint = false, .changes = {{}}}, 0).error().kind,
      FailureKind::kInvalid);
  EXPECT_EQ(client->TransferLeadership(wire::NodeNumber(1), kSecond * 60), wire::NodeNumber(1));
}

TEST_F(BlockingClientTest, ManyThreadsShareIt) {
  MapNode node(world_.env());
  const auto client = Open(node.address());
  std::vector<env::Thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back("caller", [&client, i] {
      for (int j = 0; j < 50; ++j) {
        const std::string key = std::to_string(i) + "." + std::to_string(j);
        EXPECT_TRUE(client->Put(key, key, kSecond * 60));
        EXPECT_EQ(client->Get(key, kSecond * 60)->value, key);
      }
    });
  }
  for (env::Thread& thread : threads) thread.Join();
  EXPECT_EQ(client->Scan({}, kSecond * 60)->entries.size(), 400U);
}

// Whose network is under TLS is a client under TLS; who does not trust the node sends it nothing.
TEST_F(BlockingClientTest, UnderTlsItTalksToWhomItTrusts) {
  const env::TestAuthority authority;
  const env::TestIdentity identity = authority.Sign("IP:127.0.0.1");
  const auto under_tls = [&](const env::TlsOptions& options) {
    return std::make_unique<env::TlsNetwork>(*world_.env().network, world_.clock(),
                                             *env::TlsContext::New(options));
  };
  const auto serving = under_tls({.certificate = identity.certificate, .key = identity.key});
  env::Env env = world_.env();
  env.network = serving.get();
  MapNode node(env);
  const auto trusting = under_tls({.authorities = authority.certificate()});
  env.network = trusting.get();
  ClientOptions options;
  options.cluster = kOurs;
  options.addresses = {node.address()};
  {
    const auto client = BlockingClient::Open(env, options);
    ASSERT_TRUE((*client)->Put("sand", "shell", kSecond * 60));
    EXPECT_EQ((*client)->Get("sand", kSecond * 60)->value, "shell");
  }
  const auto wary = under_tls({.authorities = env::TestAuthority().certificate()});
  for (env::Network* network : {static_cast<env::Network*>(wary.get()), world_.env().network}) {
    env.network = network;
    const auto client = BlockingClient::Open(env, options);
    EXPECT_EQ((*client)->Get("sand", kSecond / 5).error().kind, FailureKind::kDeadline);
  }
}

TEST_F(BlockingClientTest, WhereNobodyAnswersTheDeadlineDoes) {
  const auto client = Open("127.0.0.1:1");
  EXPECT_EQ(client->Put("sand", "", kSecond / 20).error().kind, FailureKind::kDeadline);
  EXPECT_EQ(client->Get("sand", kSecond / 20).error().kind, FailureKind::kDeadline);
}

}  // namespace
}  // namespace beach::server
