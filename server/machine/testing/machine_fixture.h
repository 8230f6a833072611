// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/testing/db_fixture.h"
#include "server/machine/machine.h"

namespace beach::server::testing {

inline constexpr SessionLimits kSmallLimits{.count_max = 3, .idle_max_ms = 1000};

// One of the group: a machine on a database on files in memory, where a crash loses what no table
// has.
class Node {
 public:
  Node(const env::Env& env, std::string directory) : env_(env), directory_(std::move(directory)) {
    options_ = engine::SmallOptions();
    options_.memtable_size = 8 * engine::kKiB;
  }

  // Wraps what was opened, when it is set: for a database that is not what it seems.
  using Wrap = std::function<std::unique_ptr<engine::Db>(std::unique_ptr<engine::Db>)>;
  void Open(const Wrap& wrap = {}) {
    machine_.reset();
    db_.reset();
    auto db = engine::Db::Open(env_, directory_, EngineOptions(options_));
    ASSERT_TRUE(db) << db.error().ToString();
    db_ = wrap ? wrap(*std::move(db)) : *std::move(db);
    auto machine = Machine::Open(*db_, {.sessions = kSmallLimits, .bootstrap = bootstrap()});
    ASSERT_TRUE(machine) << machine.error().ToString();
    machine_ = *std::move(machine);
  }
  static raft::Configuration bootstrap() {
    raft::Configuration members;
    members.voters = {raft::NodeId(1), raft::NodeId(2)};
    return members;
  }

  Machine& machine() { return *machine_; }
  engine::Db& db() { return *db_; }

  // Of the users' keys.
  std::map<Bytes, Bytes> Live() {
    auto scanned = machine_->Scan("", std::nullopt, {.count = 1'000'000, .bytes = ~0U});
    EXPECT_TRUE(scanned);
    std::map<Bytes, Bytes> live;
    for (auto& [key, value] : scanned->entries) live.emplace(std::move(key), std::move(value));
    return live;
  }

 private:
  env::Env env_;
  std::string directory_;
  engine::Options options_;
  std::unique_ptr<engine::Db> db_;
  std::unique_ptr<Machine> machine_;
};

// A log that is written as it is applied.
class MachineTest : public engine::DbTest {
 protected:
  void SetUp() override { node_.Open(); }

  Machine& machine() { return node_.machine(); }

  Answer ApplyEntry(raft::EntryKind kind, ByteView payload) {
    log_.push_back({.term = raft::Term(1),
                    .index = raft::LogIndex(log_.size() + 1),
                    .kind = kind,
                    .payload = raft::Payload::Copy(payload)});
    std::vector<Bytes> answers;
    const auto applied = machine().Apply(std::span(&log_.back(), 1), true, answers);
    EXPECT_TRUE(applied) << applied.error().ToString();
    EXPECT_EQ(answers.size(), 1U);
    if (kind != raft::EntryKind::kNormal) {
      EXPECT_EQ(answers[0], "");
      return {};
    }
    const auto answer = DecodeAnswer(answers[0]);
    EXPECT_TRUE(answer);
    return *answer;
  }
  Answer Apply(Command command) {
    command.proposed_at_ms = clock_ms_;
    Bytes payload;
    EncodeCommand(command, payload);
    return ApplyEntry(raft::EntryKind::kNormal, payload);
  }
  SessionId OpenSession() {
    Command command;
    command.kind = CommandKind::kOpenSession;
    const Answer answer = Apply(command);
    EXPECT_EQ(answer.kind, AnswerKind::kDone);
    return SessionId(answer.index);
  }
  Answer CloseSession(SessionId session) {
    Command command;
    command.kind = CommandKind::kCloseSession;
    command.session = session;
    return Apply(command);
  }
  // The machine is lost with all that no table has, opened, and given the log from there on.
  void Crash() {
    node_.Open();
    const std::uint64_t durable = machine().durable().index.value;
    std::vector<Bytes> answers;
    const auto applied = machine().Apply(std::span(log_).subspan(durable), true, answers);
    ASSERT_TRUE(applied) << applied.error().ToString();
  }
  void Flush() { ASSERT_TRUE(node_.db().Flush()); }
  std::optional<Bytes> Get(ByteView key) {
    const auto value = machine().Get(key);
    EXPECT_TRUE(value);
    return *value;
  }

  std::uint64_t clock_ms_ = 1000;  // of the proposer
  std::vector<raft::Entry> log_;
  Node node_{Environment(), "db"};
};

inline Operation PutOf(ByteView key, ByteView value) {
  return {.kind = OperationKind::kPut, .key = key, .value = value};
}
inline Operation GetOf(ByteView key) { return {.kind = OperationKind::kGet, .key = key}; }
inline Operation AddOf(ByteView key) {
  static constexpr ByteView kOne("\1\0\0\0\0\0\0\0", 8);
  return {.kind = OperationKind::kMerge, .key = key, .value = kOne, .merge = MergeKind::kAdd};
}
inline Command Done(std::vector<Operation> operations, SessionId session = {},
                    std::uint64_t request = 0, std::uint64_t answered_below = 0) {
  Command command;
  command.session = session;
  command.request = RequestNumber(request);
  command.answered_below = RequestNumber(answered_below);
  command.operations = std::move(operations);
  return command;
}

}  // namespace beach::server::testing
