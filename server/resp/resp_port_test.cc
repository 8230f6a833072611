// SPDX-License-Identifier: Apache-2.0
// What is asked of replica and store, and when; what becomes of failures, and of who goes.
#include "server/resp/resp_port.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/service/testing/fake_node.h"
#include "wire/testing/fake_loop.h"

namespace beach::server {
namespace {

using testing::FakeReplica;
using testing::FakeStore;
using wire::testing::FakeClock;
using wire::testing::FakeEnd;
using wire::testing::FakeLoop;

constexpr char kAddress[] = "here:6379";

struct Dialler {
  std::unique_ptr<env::Connection> connection;
  FakeEnd* end = nullptr;
  Bytes arrived;
  bool closed = false;
};

class RespPortTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() { port_ = *RespPort::Open(loop_, clock_, kAddress, options_, replica_, store_); }

  std::unique_ptr<Dialler> Dial() {
    auto dialler = std::make_unique<Dialler>();
    env::Connection::Callbacks callbacks;
    callbacks.on_bytes = [one = dialler.get()](ByteView bytes) { one->arrived += bytes; };
    callbacks.on_closed = [one = dialler.get()](const env::Closed&) { one->closed = true; };
    dialler->connection = loop_.Connect(kAddress, {}, std::move(callbacks));
    dialler->end = &loop_.last();
    loop_.Settle();
    return dialler;
  }
  void Say(Dialler& who, const std::string& lines) {
    EXPECT_TRUE(who.connection->Send(lines + "\r\n"));
    loop_.Settle();
  }
  std::string Heard(Dialler& who) {
    loop_.Settle();
    return std::exchange(who.arrived, {});
  }
  void Commit(std::vector<std::optional<Bytes>> values = {}, AnswerKind kind = AnswerKind::kDone) {
    raft::Outcome outcome{.fate = raft::Fate::kCommitted, .index = raft::LogIndex(7), .answer = {}};
    EncodeAnswer({.kind = kind, .index = 7, .values = std::move(values)}, outcome.answer);
    replica_.Answer(outcome);
  }
  // The operations of the oldest proposal.
  std::size_t Operations() {
    const auto command = DecodeCommand(replica_.proposals.front().payload.view());
    EXPECT_TRUE(command.has_value());
    return command->operations.size();
  }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  FakeReplica replica_;
  FakeStore store_;
  RespOptions options_;
  std::unique_ptr<RespPort> port_;
};

TEST_F(RespPortTest, WritesThatFollowEachOtherAreOneEntryAndReadsOneRead) {
  const auto client = Dial();
  store_.values["a"] = "1";
  Say(*client, "set a 1\r\nset b 2\r\nget a\r\nget b\r\nset c 3");
  ASSERT_EQ(replica_.proposals.size(), 1U);
  EXPECT_EQ(Operations(), 2U);
  EXPECT_TRUE(replica_.reads.empty()) << "a read before the write that it must see";
  EXPECT_EQ(Heard(*client), "");
  Commit();
  EXPECT_EQ(Heard(*client), "+OK\r\n+OK\r\n");
  ASSERT_EQ(replica_.reads.size(), 1U);
  EXPECT_TRUE(replica_.proposals.empty());
  replica_.Grant();
  EXPECT_EQ(Heard(*client), "$1\r\n1\r\n$-1\r\n");
  ASSERT_EQ(replica_.proposals.size(), 1U);
  Commit();
  EXPECT_EQ(Heard(*client), "+OK\r\n");
}

TEST_F(RespPortTest, ACommandThatMakesNoSenseIsAnsweredInItsPlace) {
  const auto client = Dial();
  Say(*client, "set a 1\r\nset a\r\nset b 2\r\nping");
  EXPECT_EQ(Operations(), 2U);
  EXPECT_EQ(Heard(*client), "");
  Commit();
  EXPECT_EQ(Heard(*client),
            "+OK\r\n-ERR wrong number of arguments for 'set' command\r\n+OK\r\n+PONG\r\n");
}

TEST_F(RespPortTest, ClientsDoNotWaitForEachOther) {
  const auto one = Dial();
  const auto two = Dial();
  Say(*one, "set a 1");
  Say(*two, "set b 2");
  EXPECT_EQ(replica_.proposals.size(), 2U);
}

TEST_F(RespPortTest, EachFailureHasItsError) {
  const auto client = Dial();
  const auto said = [&](raft::Outcome outcome) {
    Say(*client, "set a 1");
    replica_.Answer(outcome);
    const std::string heard = Heard(*client);
    return heard.substr(0, heard.find(' '));
  };
  using raft::Fate;
  using raft::ProposeError;
  const auto refused = [](ProposeError error) {
    return raft::Outcome{.fate = Fate::kRefused, .error = error, .index = {}, .answer = {}};
  };
  EXPECT_EQ(said(refused(ProposeError::kNotLeader)), "-CLUSTERDOWN");
  EXPECT_EQ(said(refused(ProposeError::kOverloaded)), "-BUSY");
  EXPECT_EQ(said(refused(ProposeError::kTransferring)), "-TRYAGAIN");
  EXPECT_EQ(said(refused(ProposeError::kNotReady)), "-TRYAGAIN");
  EXPECT_EQ(said(refused(ProposeError::kTooLarge)), "-ERR");
  EXPECT_EQ(said({.fate = Fate::kLost, .index = {}, .answer = {}}), "-TRYAGAIN");
  EXPECT_EQ(said({.fate = Fate::kUnknown, .index = {}, .answer = {}}), "-UNKNOWN");
  EXPECT_EQ(said({.fate = Fate::kCommitted, .index = raft::LogIndex(3), .answer = {}}), "-UNKNOWN");
  const auto read = [&](raft::ReadError error) {
    Say(*client, "get a");
    replica_.Grant(error);
    const std::string heard = Heard(*client);
    return heard.substr(0, heard.find(' '));
  };
  EXPECT_EQ(read(raft::ReadError::kNoLeader), "-CLUSTERDOWN");
  EXPECT_EQ(read(raft::ReadError::kOverloaded), "-BUSY");
  EXPECT_EQ(read(raft::ReadError::kUnanswered), "-TRYAGAIN");
  for (const char* command : {"get a", "scan 0", "dbsize", "watch a"}) {
    Say(*client, command);
    store_.broken = true;
    replica_.Grant();
    EXPECT_EQ(Heard(*client), "-IOERR this node cannot read it: bad block\r\n") << command;
    Say(*client, command);
    replica_.Grant(raft::ReadError::kNoLeader);
    EXPECT_EQ(Heard(*client).substr(0, 12), "-CLUSTERDOWN") << command;
  }
  Say(*client, "set a 1");
  Commit({}, AnswerKind::kInvalid);
  EXPECT_EQ(Heard(*client).substr(0, 5), "-ERR ");
}

TEST_F(RespPortTest, WhatBreaksALimitIsNeitherProposedNorRead) {
  const auto client = Dial();
  const std::string key(65 * 1024, 'k');
  const std::string size = std::to_string(key.size());
  Say(*client, "*3\r\n$3\r\nSET\r\n$" + size + "\r\n" + key + "\r\n$1\r\nv");
  EXPECT_EQ(Heard(*client), "-ERR a key of more than 64 KiB\r\n");
  Say(*client, "*2\r\n$3\r\nGET\r\n$" + size + "\r\n" + key);
  EXPECT_EQ(Heard(*client), "-ERR a key of more than 64 KiB\r\n");
  Say(*client, "MULTI\r\n*2\r\n$3\r\nGET\r\n$" + size + "\r\n" + key + "\r\nEXEC");
  EXPECT_EQ(Heard(*client).substr(0, 37), "+OK\r\n-ERR a key of more than 64 KiB\r\n");
  EXPECT_TRUE(replica_.proposals.empty());
  EXPECT_TRUE(replica_.reads.empty());
}

TEST_F(RespPortTest, WhoHasGoneIsAnsweredNothing) {
  auto client = Dial();
  Say(*client, "set a 1");
  auto reader = Dial();
  Say(*reader, "get a");
  auto scanner = Dial();
  Say(*scanner, "dbsize");
  store_.later = true;
  auto waiter = Dial();
  Say(*waiter, "get a");
  replica_.reads.back().done(std::nullopt);
  replica_.reads.pop_back();
  client.reset();
  reader.reset();
  scanner.reset();
  waiter.reset();
  loop_.Settle();
  EXPECT_EQ(port_->clients(), 0U);
  Commit();
  replica_.Grant();
  replica_.Grant();
  for (const auto& waiting : store_.waiting) waiting();
  loop_.Settle();
}

TEST_F(RespPortTest, ThePortMayGoFirst) {
  const auto client = Dial();
  Say(*client, "set a 1");
  const auto reader = Dial();
  Say(*reader, "get a");
  port_.reset();
  Commit();
  replica_.Grant();
  loop_.Settle();
  EXPECT_TRUE(client->closed);
}

TEST_F(RespPortTest, WhoReadsWhatHasExpiredTellsTheLogTheTime) {
  const auto client = Dial();
  store_.values["a"] = "1";
  store_.expiries["a"] = 1;
  Say(*client, "get a");
  replica_.Grant();
  loop_.Settle();
  ASSERT_EQ(replica_.proposals.size(), 1U);
  EXPECT_EQ(Operations(), 0U);
  store_.values.clear();
  Commit();
  EXPECT_EQ(Heard(*client), "$-1\r\n");
  store_.values["a"] = "1";
  Say(*client, "get a");
  replica_.Grant();
  replica_.Answer({.fate = raft::Fate::kLost, .index = {}, .answer = {}});
  EXPECT_EQ(Heard(*client).substr(0, 10), "-TRYAGAIN ");
}

TEST_F(RespPortTest, NoMoreClientsThanMayBe) {
  options_.clients_max = 1;
  port_.reset();
  Open();
  const auto one = Dial();
  const auto two = Dial();
  EXPECT_TRUE(two->closed);
  EXPECT_EQ(port_->clients(), 1U);
}

TEST_F(RespPortTest, WhileCommandsWaitNoMoreIsRead) {
  const auto client = Dial();
  Say(*client, "set a 1");
  const std::string many(400'000, '\n');
  Say(*client, many + "ping");
  EXPECT_TRUE(client->end->peer->paused);
  Commit();
  loop_.Settle();
  EXPECT_FALSE(client->end->peer->paused);
  EXPECT_EQ(Heard(*client), "+OK\r\n+PONG\r\n");
}

TEST_F(RespPortTest, WhoDoesNotReadIsDoneNothingForAndThenCutOff) {
  const auto client = Dial();
  client->end->peer->flows = false;
  store_.values["a"] = Bytes(300'000, 'a');
  Say(*client, "get a\r\nset a 1\r\nget a");
  replica_.Grant();
  loop_.Settle();
  EXPECT_TRUE(replica_.proposals.empty());
  client->end->peer->flows = true;
  loop_.Settle();
  EXPECT_EQ(replica_.proposals.size(), 1U) << "it has read";
  Commit();
  client->end->peer->flows = false;
  loop_.Settle();
  ASSERT_EQ(replica_.reads.size(), 1U);
  replica_.Grant();
  loop_.Advance(options_.drain_max_ns);
  EXPECT_EQ(port_->clients(), 0U);
}

TEST_F(RespPortTest, WhoSendsNoMoreIsStillAnswered) {
  const auto client = Dial();
  Say(*client, "set a 1");
  ASSERT_TRUE(client->end->peer->callbacks.on_end != nullptr);
  client->end->peer->callbacks.on_end();
  EXPECT_EQ(port_->clients(), 1U);
  Commit();
  EXPECT_EQ(Heard(*client), "+OK\r\n");
  EXPECT_EQ(port_->clients(), 0U);
}

TEST_F(RespPortTest, WhatTakesLongIsInTheSlowlog) {
  const auto client = Dial();
  Say(*client, "set a " + std::string(1000, 'v'));
  clock_.now_ns += options_.slow_ns;
  Commit();
  EXPECT_EQ(Heard(*client), "+OK\r\n");
  Say(*client, "slowlog len\r\nslowlog get 1");
  const std::string heard = Heard(*client);
  EXPECT_EQ(heard.substr(0, 4), ":1\r\n");
  EXPECT_NE(heard.find("$128\r\nvvv"), std::string::npos);
  Say(*client, "slowlog reset\r\nslowlog len");
  EXPECT_EQ(Heard(*client), "+OK\r\n:0\r\n");
}

TEST_F(RespPortTest, AnAddressThatIsNoneIsRefused) { EXPECT_EQ(port_->address(), kAddress); }

}  // namespace
}  // namespace beach::server
