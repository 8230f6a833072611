// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/service/service.h"
#include "server/service/testing/fake_node.h"
#include "wire/testing/fake_loop.h"
#include "wire/testing/frames.h"

// A service between a node and clients that do what a test says.

namespace beach::server::testing {

using wire::NodeNumber;
using wire::testing::FakeClock;
using wire::testing::FakeEnd;
using wire::testing::FakeLoop;
using wire::testing::FrameOf;
using wire::testing::FramesOf;
using wire::testing::Said;

inline constexpr wire::ClusterId kOurs{'o', 'u', 'r', 's'};
inline constexpr std::uint64_t kMillisecond = 1'000'000;
inline constexpr std::uint64_t kWallMs = 1'700'000'000'000;

inline Bytes PutCommand(ByteView key, ByteView value) {
  Command command;
  command.session = SessionId(4);
  command.request = RequestNumber(1);
  Operation put;
  put.kind = OperationKind::kPut;
  put.key = key;
  put.value = value;
  command.operations.push_back(put);
  Bytes bytes;
  EncodeCommand(command, bytes);
  return bytes;
}

inline raft::Outcome Committed(AnswerKind kind) {
  raft::Outcome outcome;
  outcome.fate = raft::Fate::kCommitted;
  outcome.index = raft::LogIndex(12);
  EncodeAnswer({.kind = kind, .index = 12, .values = {}}, outcome.answer);
  return outcome;
}
inline raft::Outcome Ended(raft::Fate fate, raft::ProposeError error = {}) {
  raft::Outcome outcome;
  outcome.fate = fate;
  outcome.error = error;
  return outcome;
}

// Node 2 of a cluster that node 3 leads; the test is its clients, the other nodes, and its disk.
class ServiceTest : public ::testing::Test {
 protected:
  struct Client {
    FakeEnd* end = nullptr;
    std::unique_ptr<wire::Guest> guest;
    Service::GuestId id;
    std::vector<std::string> gone;
  };

  void SetUp() override { clock_.wall_ns = kWallMs * kMillisecond - clock_.now_ns; }
  Service& Begin() {
    service_ = std::make_unique<Service>(loop_, clock_, replica_, store_, limits_, parts_);
    service_->SetAddresses({{NodeNumber(2), "n2:7000"}, {NodeNumber(3), "n3:7000"}});
    return *service_;
  }
  Client& Connect(std::uint64_t send_queue_max = std::uint64_t{8} << 20) {
    Client& client = *clients_.emplace_back(std::make_unique<Client>());
    auto [connection, end] = loop_.Accepted({.send_queue_max_bytes = send_queue_max});
    client.end = end;
    wire::Guest::Callbacks callbacks;
    callbacks.on_welcome = [&](const wire::Hello&) { client.id = service_->Join(*client.guest); };
    callbacks.on_frame = [&](const wire::Frame& frame) { service_->OnFrame(client.id, frame); };
    callbacks.on_gone = [&](const std::string& why) {
      client.gone.push_back(why);
      service_->Leave(client.id);
      client.guest.reset();
    };
    client.guest = std::make_unique<wire::Guest>(
        loop_, clock_, std::move(connection),
        wire::GuestOptions{.cluster = kOurs, .self = NodeNumber(2)}, RequestBytesMax, callbacks);
    end->callbacks = client.guest->connection_callbacks();
    wire::Hello hello;
    hello.cluster = kOurs;
    end->Say(FrameOf({wire::kHelloType, 0, Encode(hello)}));
    loop_.Settle();
    end->Take();
    return client;
  }
  void Ask(Client& client, std::uint64_t number, const Request& request) {
    Bytes payload;
    EncodeRequest(request, payload);
    client.end->Say(FrameOf({TypeOf(request), number, payload}));
  }
  void AskGet(Client& client, std::uint64_t number, Consistency consistency = {},
              std::uint32_t deadline_ms = 0) {
    Ask(client, number,
        GetRequest{.deadline_ms = deadline_ms, .consistency = consistency, .key = "sand"});
  }
  void AskPut(Client& client, std::uint64_t number, std::uint32_t deadline_ms = 0) {
    const Bytes command = PutCommand("sand", "shell");
    Ask(client, number, WriteRequest{.deadline_ms = deadline_ms, .command = command});
  }
  // The replies since it was last asked; their views live as long as this test.
  std::vector<std::pair<std::uint64_t, Reply>> Replies(Client& client) {
    loop_.Settle();
    std::vector<std::pair<std::uint64_t, Reply>> replies;
    for (const Said& said : FramesOf(client.end->Take())) {
      kept_.push_back(std::make_unique<std::string>(said.payload));
      const auto reply = DecodeReply(said.type, *kept_.back());
      EXPECT_TRUE(reply.has_value());
      replies.emplace_back(said.request, *reply);
    }
    return replies;
  }
  static NodeReport Node(std::uint64_t number, std::uint8_t membership, ByteView address) {
    return {.id = NodeNumber(number),
            .membership = membership,
            .progress = std::nullopt,
            .address = address};
  }
  // Node 2 leads, and is told to.
  Client& Lead() {
    parts_.admin = &admin_;
    replica_.role_now = raft::Role::kLeader;
    replica_.leader_id = raft::NodeId(2);
    Begin();
    return Connect();
  }
  void AskChange(Client& client, std::uint64_t number, MemberChangeKind kind, std::uint64_t node,
                 bool joint = false, std::uint32_t deadline_ms = 0) {
    Ask(client, number,
        ChangeRequest{.deadline_ms = deadline_ms,
                      .joint = joint,
                      .changes = {{.kind = kind, .node = NodeNumber(node)}}});
  }
  void AskTransfer(Client& client, std::uint64_t number, std::uint64_t target,
                   std::uint32_t deadline_ms = 0) {
    Ask(client, number, TransferRequest{.deadline_ms = deadline_ms, .target = NodeNumber(target)});
  }
  // Of the one reply that there is.
  Failure OnlyFailure(Client& client) {
    const auto replies = Replies(client);
    EXPECT_EQ(replies.size(), 1U);
    if (replies.size() != 1 || !std::holds_alternative<Failure>(replies[0].second)) {
      ADD_FAILURE() << "no failure";
      return {};
    }
    return std::get<Failure>(replies[0].second);
  }

  // Before the parts that a test has of its own.
  void TearDown() override {
    clients_.clear();
    service_.reset();
  }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  FakeReplica replica_;
  FakeStore store_;
  FakeAdmin admin_;
  ServiceLimits limits_;
  ServiceParts parts_;
  std::unique_ptr<Service> service_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

}  // namespace beach::server::testing
