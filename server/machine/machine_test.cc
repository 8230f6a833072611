// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/machine/key_space.h"
#include "server/machine/testing/machine_fixture.h"
#include "server/machine/testing/reluctant_db.h"

namespace beach::server {
namespace {

using testing::AddOf;
using testing::Done;
using testing::GetOf;
using testing::MachineTest;
using testing::PutOf;

Bytes Number(std::uint64_t value) {
  Bytes bytes(8, '\0');
  StoreFixed(bytes.data(), value);
  return bytes;
}

TEST_F(MachineTest, ConditionsAreJudgedInTheOrderOfTheLog) {
  Apply(Done({PutOf("k", "0")}));
  // Two that were proposed when the key was 0.
  Command first = Done({PutOf("k", "1")});
  first.conditions = {{.kind = ConditionKind::kEquals, .key = "k", .value = "0"}};
  Command second = Done({PutOf("k", "2")});
  second.conditions = first.conditions;
  second.otherwise = {GetOf("k")};
  EXPECT_EQ(Apply(first).kind, AnswerKind::kDone);
  const Answer answer = Apply(second);
  EXPECT_EQ(answer.kind, AnswerKind::kOtherwise);
  EXPECT_EQ(answer.values, std::vector<std::optional<Bytes>>{"1"});
  EXPECT_EQ(Get("k"), "1");
}

TEST_F(MachineTest, EachConditionHoldsWhereItSays) {
  Apply(Done({PutOf("there", "v"), PutOf("empty", "")}));
  const auto holds = [&](ConditionKind kind, ByteView key, ByteView value = {}) {
    Command command;
    command.conditions = {{.kind = kind, .key = key, .value = value}};
    return Apply(command).kind == AnswerKind::kDone;
  };
  EXPECT_TRUE(holds(ConditionKind::kAbsent, "no"));
  EXPECT_FALSE(holds(ConditionKind::kAbsent, "there"));
  EXPECT_FALSE(holds(ConditionKind::kAbsent, "empty"));
  EXPECT_TRUE(holds(ConditionKind::kPresent, "empty"));
  EXPECT_FALSE(holds(ConditionKind::kPresent, "no"));
  EXPECT_TRUE(holds(ConditionKind::kEquals, "there", "v"));
  EXPECT_FALSE(holds(ConditionKind::kEquals, "there", "w"));
  EXPECT_FALSE(holds(ConditionKind::kEquals, "no", ""));
  EXPECT_TRUE(holds(ConditionKind::kDiffers, "there", "w"));
  EXPECT_TRUE(holds(ConditionKind::kDiffers, "no", ""));
  EXPECT_FALSE(holds(ConditionKind::kDiffers, "empty", ""));
}

TEST_F(MachineTest, ReadsSeeWhatStandsBeforeThem) {
  Apply(Done({PutOf("a", "1"), PutOf("b", "2")}));
  const Answer answer = Apply(Done({
      GetOf("a"),
      PutOf("a", "3"),
      GetOf("a"),
      {.kind = OperationKind::kHas, .key = "a"},
      {.kind = OperationKind::kDeleteRange, .key = "a", .value = "b"},
      GetOf("a"),
      GetOf("b"),
      AddOf("n"),
      AddOf("n"),
      GetOf("n"),
      {.kind = OperationKind::kDelete, .key = "b"},
      {.kind = OperationKind::kHas, .key = "b"},
  }));
  const std::vector<std::optional<Bytes>> expected = {"1", "3",       "",          std::nullopt,
                                                      "2", Number(2), std::nullopt};
  EXPECT_EQ(answer.values, expected);
  EXPECT_EQ(Get("n"), Number(2));
}

// Rule 25.
TEST_F(MachineTest, ARetryIsAnsweredAsTheFirstTryAndNotDoneAgain) {
  const SessionId session = OpenSession();
  const Command command = Done({AddOf("n"), GetOf("n")}, session, 1);
  const Answer first = Apply(command);
  Apply(Done({AddOf("n")}, session, 2));
  EXPECT_EQ(Apply(command), first);
  EXPECT_EQ(Get("n"), Number(2));
  // Without a session it is done as often as it is there.
  Apply(Done({AddOf("n")}));
  Apply(Done({AddOf("n")}));
  EXPECT_EQ(Get("n"), Number(4));
}

// Bug X2: where the answers are not in tables, what comes back from them does it again.
TEST_F(MachineTest, ARetryAfterACrashIsAnsweredFromTables) {
  const SessionId session = OpenSession();
  const Bytes value(1000, 'v');
  const Command small = Done({AddOf("n"), GetOf("n")}, session, 1);
  const Command large = Done({AddOf("n"), PutOf("k", value), GetOf("k")}, session, 2);
  const Answer small_answer = Apply(small);
  const Answer large_answer = Apply(large);
  ASSERT_EQ(large_answer.values, std::vector<std::optional<Bytes>>{value});
  Flush();
  Crash();
  EXPECT_EQ(machine().durable().index.value, log_.size());
  EXPECT_EQ(Apply(small), small_answer);
  EXPECT_EQ(Apply(large), large_answer);
  EXPECT_EQ(Get("n"), Number(2));
}

TEST_F(MachineTest, WhatTheClientHasSaidToBeAnsweredIsForgotten) {
  const SessionId session = OpenSession();
  const Bytes value(1000, 'v');
  const Command large = Done({AddOf("n"), PutOf("k", value), GetOf("k")}, session, 3);
  Apply(large);
  Apply(Done({AddOf("n")}, session, 5, 4));
  EXPECT_EQ(Apply(large).kind, AnswerKind::kForgotten);
  // Late, and lower: what was said stays.
  EXPECT_EQ(Apply(Done({AddOf("n")}, session, 3, 2)).kind, AnswerKind::kForgotten);
  EXPECT_EQ(Apply(Done({AddOf("n")}, session, 4, 2)).kind, AnswerKind::kDone);
  EXPECT_EQ(Get("n"), Number(3));
  Flush();
  Crash();
  EXPECT_EQ(Apply(large).kind, AnswerKind::kForgotten);
  EXPECT_EQ(Apply(Done({AddOf("n")}, session, 4, 2)).index, 6U);
  EXPECT_EQ(Get("n"), Number(3));
}

// Short answers cost nothing more until another takes their row.
TEST_F(MachineTest, ALongAnswerThatIsForgottenLeavesNoRow) {
  const SessionId session = OpenSession();
  const auto has_row = [&](std::uint64_t request) {
    const Bytes key = SessionRowKey(session, SlotOf(RequestNumber(request)));
    return node_.db().Get({}, key)->has_value();
  };
  Apply(Done({PutOf("k", Bytes(1000, 'v')), GetOf("k")}, session, 3));
  Apply(Done({GetOf("k")}, session, 4));
  Apply(Done({}, session, 5));
  EXPECT_TRUE(has_row(3) && has_row(4) && has_row(5));
  Apply(Done({}, session, 6, 4));
  EXPECT_FALSE(has_row(3));
  EXPECT_TRUE(has_row(4));
  Apply(Done({}, session, 68, 68));  // takes the row of 4
  EXPECT_TRUE(has_row(4) && has_row(5) && has_row(6));
  Flush();
  Crash();
  EXPECT_EQ(CloseSession(session).kind, AnswerKind::kDone);
  EXPECT_FALSE(has_row(4) || has_row(5) || has_row(6));
}

TEST_F(MachineTest, SixtyFourRequestsMayBeUnanswered) {
  const SessionId session = OpenSession();
  std::vector<Answer> answers;
  for (std::uint64_t i = 0; i < kOutstandingMax; ++i) {
    answers.push_back(Apply(Done({AddOf("n")}, session, 10 + i, 10)));
  }
  Flush();
  Crash();
  for (std::uint64_t i = 0; i < kOutstandingMax; ++i) {
    EXPECT_EQ(Apply(Done({AddOf("n")}, session, 10 + i, 10)), answers[i]);
  }
  EXPECT_EQ(Get("n"), Number(kOutstandingMax));
}

TEST_F(MachineTest, ASessionThatIsNotThereIsSaidSo) {
  EXPECT_EQ(Apply(Done({AddOf("n")}, SessionId(7), 1)).kind, AnswerKind::kSessionGone);
  const SessionId session = OpenSession();
  EXPECT_EQ(CloseSession(session).kind, AnswerKind::kDone);
  EXPECT_EQ(CloseSession(session).kind, AnswerKind::kSessionGone);
  EXPECT_EQ(Apply(Done({AddOf("n")}, session, 1)).kind, AnswerKind::kSessionGone);
  EXPECT_EQ(Get("n"), std::nullopt);
}

// Bug X3: the only time is that of the entries; this machine's clock stands still, at 1.
TEST_F(MachineTest, SessionsEndByTheTimeOfTheLog) {
  const SessionId idle = OpenSession();
  const SessionId used = OpenSession();
  clock_ms_ += 900;
  EXPECT_EQ(Apply(Done({}, used, 1)).kind, AnswerKind::kDone);
  clock_ms_ -= 500;  // of a proposer that is behind
  EXPECT_EQ(Apply(Done({}, idle, 1)).kind, AnswerKind::kDone);
  clock_ms_ += 500 + 999;
  EXPECT_EQ(Apply(Done({}, used, 2)).kind, AnswerKind::kDone);
  clock_ms_ += 1;
  EXPECT_EQ(Apply(Done({}, idle, 2)).kind, AnswerKind::kSessionGone);
  Flush();
  Crash();
  EXPECT_EQ(Apply(Done({}, idle, 1)).kind, AnswerKind::kSessionGone);
  EXPECT_EQ(Apply(Done({}, used, 1)).index, 3U);
}

TEST_F(MachineTest, OneSessionTooManyEndsTheOneThatWasUsedLeast) {
  std::vector<SessionId> sessions = {OpenSession(), OpenSession(), OpenSession()};
  Apply(Done({}, sessions[0], 1));
  Apply(Done({}, sessions[2], 1));
  Flush();
  Crash();
  const SessionId fourth = OpenSession();
  EXPECT_EQ(Apply(Done({}, sessions[1], 1)).kind, AnswerKind::kSessionGone);
  for (const SessionId session : {sessions[0], sessions[2], fourth}) {
    EXPECT_EQ(Apply(Done({}, session, 2)).kind, AnswerKind::kDone) << session.value;
  }
}

// Nothing of a session that has ended is left in the tables.
TEST_F(MachineTest, AnEndedSessionLeavesNoRows) {
  const std::uint64_t empty = *machine().ContentDigest();
  const SessionId closed = OpenSession();
  Apply(Done({}, closed, 1));
  Apply(Done({PutOf("k", Bytes(500, 'v')), GetOf("k")}, closed, 2));
  Apply(Done({}, closed, 3, 3));
  Flush();
  Crash();
  const SessionId idle = OpenSession();
  Apply(Done({}, idle, 70, 70));
  CloseSession(closed);
  clock_ms_ += 5000;
  Apply(Done({{.kind = OperationKind::kDelete, .key = "k"}}));
  EXPECT_EQ(*machine().ContentDigest(), empty);
}

TEST_F(MachineTest, KeysExpireByTheTimeOfTheLog) {
  const Operation put{
      .kind = OperationKind::kPutUntil, .key = "k", .value = "v", .expires_at_ms = 2000};
  Apply(Done({put}));
  clock_ms_ = 1999;
  Apply(Done({}));
  EXPECT_EQ(Get("k"), "v");
  // The command that brings the time sees the key as it is then.
  clock_ms_ = 2000;
  Command command = Done({PutOf("k", "w"), put, GetOf("k")});
  command.conditions = {{.kind = ConditionKind::kAbsent, .key = "k"}};
  const Answer answer = Apply(command);
  EXPECT_EQ(answer.kind, AnswerKind::kDone);
  EXPECT_EQ(answer.values, std::vector<std::optional<Bytes>>{std::nullopt});
  clock_ms_ = 1000;
  Apply(Done({put}));
  EXPECT_EQ(Get("k"), std::nullopt);
  EXPECT_EQ(machine().time_ms(), 2000U);
  Flush();
  Crash();
  EXPECT_EQ(machine().time_ms(), 2000U);
  EXPECT_EQ(node_.db().Stats().time, 2000U);
}

// Bug X6.
TEST_F(MachineTest, EntriesThatChangeNothingMoveThePlace) {
  raft::Configuration members;
  members.voters = {raft::NodeId(1), raft::NodeId(5)};
  EXPECT_EQ(machine().durable().configuration, testing::Node::bootstrap());
  ApplyEntry(raft::EntryKind::kNoOp, "");
  Flush();
  EXPECT_EQ(machine().durable().index, raft::LogIndex(1));
  EXPECT_EQ(machine().durable().configuration, testing::Node::bootstrap());
  ApplyEntry(raft::EntryKind::kConfiguration, raft::EncodeConfiguration(members));
  EXPECT_EQ(ApplyEntry(raft::EntryKind::kNormal, "garbage").kind, AnswerKind::kInvalid);
  EXPECT_EQ(Apply(Done({}, SessionId(1), 1)).kind, AnswerKind::kSessionGone);
  EXPECT_EQ(machine().durable().index, raft::LogIndex(1));
  Flush();
  for (int i = 0; i < 2; ++i) {
    const raft::SnapshotMeta meta = machine().durable();
    EXPECT_EQ(meta.index, raft::LogIndex(4));
    EXPECT_EQ(meta.term, raft::Term(1));
    EXPECT_EQ(meta.configuration_index, raft::LogIndex(2));
    EXPECT_EQ(meta.configuration, members);
    Crash();
  }
}

// The user's keys are all bytes there are, and the machine's own are none of them.
TEST_F(MachineTest, UsersKeysReachNothingOfTheMachine) {
  const SessionId session = OpenSession();
  Apply(Done({}, session, 1));
  const Bytes row = SessionRowKey(session, SlotOf(RequestNumber(1)));
  EXPECT_TRUE(node_.db().Get({}, row)->has_value());
  EXPECT_EQ(Get(row), std::nullopt);
  const std::vector<Bytes> keys = {"", Bytes(1, '\0'), row, "\x01", "a", "\xff", "\xff\xff"};
  for (const Bytes& key : keys) Apply(Done({PutOf(key, "v")}));
  std::vector<Bytes> found;
  for (const auto& [key, value] : node_.Live()) found.push_back(key);
  EXPECT_EQ(found, keys);
  const Bytes last(kKeySizeMax, '\xff');
  Apply(Done({{.kind = OperationKind::kDeleteRange, .key = "", .value = last}}));
  EXPECT_TRUE(node_.Live().empty());
  EXPECT_TRUE(node_.db().Get({}, row)->has_value());
}

TEST_F(MachineTest, ScansEndWhereTheyAreTold) {
  for (const ByteView key : {"a", "b", "c", "d"}) Apply(Done({PutOf(key, "12345")}));
  const auto scan = [&](ByteView begin, std::optional<ByteView> end, ScanLimits limits) {
    const auto scanned = machine().Scan(begin, end, limits);
    std::string text;
    for (const auto& [key, value] : scanned->entries) text += key;
    return text + (scanned->more ? "+" : "");
  };
  EXPECT_EQ(scan("", std::nullopt, {}), "abcd");
  EXPECT_EQ(scan("b", "d", {}), "bc");
  EXPECT_EQ(scan("c", "b", {}), "");
  EXPECT_EQ(scan("", std::nullopt, {.count = 2}), "ab+");
  EXPECT_EQ(scan("", std::nullopt, {.count = 4}), "abcd");
  EXPECT_EQ(scan("", std::nullopt, {.count = 9, .bytes = 18}), "abc+");
  EXPECT_EQ(scan("b", std::nullopt, {.count = 9, .bytes = 1}), "b+");
}

TEST_F(MachineTest, AsMuchAsACommandMaySayCanBeWritten) {
  const SessionId session = OpenSession();
  const Bytes key(kKeySizeMax, 'k');
  const Bytes value(kValueSizeMax, 'v');
  const Answer answer = Apply(Done({PutOf(key, value), GetOf(key)}, session, 1));
  EXPECT_EQ(answer.kind, AnswerKind::kDone);
  EXPECT_EQ(Get(key), value);
  // With a byte more there would be no answer; nothing is done, now or by a retry.
  const Command more = Done({PutOf("1", "v"), GetOf("1"), GetOf(key)}, session, 2);
  EXPECT_EQ(Apply(more).kind, AnswerKind::kInvalid);
  EXPECT_EQ(Get("1"), std::nullopt);
  Apply(Done({PutOf(key, "")}));
  EXPECT_EQ(Apply(more).kind, AnswerKind::kInvalid);
  EXPECT_EQ(Get("1"), std::nullopt);
  Command command;
  command.operations.assign(kOperationsMax, PutOf("0123456789", ""));
  EXPECT_EQ(Apply(command).kind, AnswerKind::kDone);
  command = Done({PutOf("a", value), PutOf("b", value), PutOf("c", value)});
  EXPECT_EQ(Apply(command).kind, AnswerKind::kDone);
}

TEST_F(MachineTest, WhatWouldBlockHasDoneNothing) {
  const SessionId session = OpenSession();
  RandomStream stream(1);
  testing::ReluctantDb* reluctant = nullptr;
  node_.Open([&](std::unique_ptr<engine::Db> db) {
    auto wrapped = std::make_unique<testing::ReluctantDb>(std::move(db), stream, 100);
    reluctant = wrapped.get();
    return wrapped;
  });
  std::vector<Bytes> answers;
  ASSERT_EQ(*machine().Apply(log_, true, answers), 1U);
  const Answer first = Apply(Done({AddOf("n"), GetOf("n")}, session, 1));
  const DigestAt before = machine().digest();
  Bytes payload;
  EncodeCommand(Done({AddOf("n"), GetOf("n")}, session, 2), payload);
  const raft::Entry entry{.term = raft::Term(1),
                          .index = raft::LogIndex(3),
                          .kind = raft::EntryKind::kNormal,
                          .payload = raft::Payload::Copy(payload)};
  answers.clear();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*machine().Apply(std::span(&entry, 1), false, answers), 0U);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(machine().digest(), before);
  EXPECT_EQ(reluctant->refused(), 3U);
  EXPECT_EQ(reluctant->flushes_wanted(), 0U);
  machine().WantDurable();
  EXPECT_EQ(reluctant->flushes_wanted(), 1U);
  EXPECT_EQ(reluctant->applied(), 2U);
  EXPECT_EQ(*machine().Apply(std::span(&entry, 1), true, answers), 1U);
  EXPECT_EQ(DecodeAnswer(answers.at(0))->values, std::vector<std::optional<Bytes>>{Number(2)});
}

// One entry is one batch, and the sequence numbers are those of the entries.
TEST_F(MachineTest, AnEntryIsOneBatchOfTheEngine) {
  const SessionId session = OpenSession();
  EXPECT_EQ(node_.db().VisibleSequence().value, 2U);  // the time, and the row
  Apply(Done({PutOf("a", "1"), GetOf("a"), PutOf("b", "2")}, session, 1));
  EXPECT_EQ(node_.db().VisibleSequence().value, 5U);
  Apply(Done({PutOf("a", "1")}, session, 1));
  ApplyEntry(raft::EntryKind::kNoOp, "");
  EXPECT_EQ(node_.db().VisibleSequence().value, 5U);
}

TEST_F(MachineTest, TheDigestIsOfEntriesAnswersAndWhatIsWritten) {
  std::uint64_t digest = 0;
  const auto expect = [&](ByteView answer, const engine::WriteBatch& batch) {
    digest = RollDigest(digest, log_.back(), answer, batch.encoding());
    EXPECT_EQ(machine().digest(),
              (DigestAt{.index = raft::LogIndex(log_.size()), .digest = digest}));
  };
  ApplyEntry(raft::EntryKind::kNoOp, "");
  expect("", {});
  Bytes answer;
  EncodeAnswer(Apply(Done({PutOf("k", "v"), GetOf("k")})), answer);
  engine::WriteBatch batch;
  batch.AdvanceTime(clock_ms_);
  batch.Put("\x01k", "v");
  expect(answer, batch);
  Flush();
  Crash();
  EXPECT_EQ(machine().digest().digest, digest);
  ApplyEntry(raft::EntryKind::kNoOp, "");
  expect("", {});
}

// What the leader has goes as files, and is all of it: retries are known there too (bug X2).
TEST_F(MachineTest, ReloadsWhatWasInstalled) {
  const SessionId session = OpenSession();
  const Command small = Done({AddOf("n"), GetOf("n")}, session, 1);
  const Bytes value(500, 'v');
  const Command large = Done({PutOf("k", value), GetOf("k")}, session, 2);
  const Answer small_answer = Apply(small);
  const Answer large_answer = Apply(large);
  for (int i = 0; i < 100; ++i) ApplyEntry(raft::EntryKind::kNoOp, "");
  auto pins = node_.db().PinFiles();
  ASSERT_TRUE(pins) << pins.error().ToString();
  const DigestAt at = machine().digest();
  const std::uint64_t content = *machine().ContentDigest();

  testing::Node other(Environment(), "other");
  other.Open();
  std::vector<Bytes> answers;
  for (std::uint64_t i = 1; i <= 70; ++i) {
    const raft::Entry entry{.term = raft::Term(1),
                            .index = raft::LogIndex(i),
                            .kind = raft::EntryKind::kNoOp,
                            .payload = {}};
    ASSERT_EQ(*other.machine().Apply(std::span(&entry, 1), true, answers), 1U);
  }
  EXPECT_EQ(other.machine().RecentDigests().size(), 1U);
  const Status installed =
      other.db().Install((*pins)->files(), (*pins)->sequence(), (*pins)->time(), (*pins)->mark());
  ASSERT_TRUE(installed) << installed.error().ToString();
  ASSERT_TRUE(other.machine().Reload());
  EXPECT_EQ(other.machine().digest(), at);
  EXPECT_EQ(*other.machine().ContentDigest(), content);
  EXPECT_TRUE(other.machine().RecentDigests().empty());
  EXPECT_EQ(other.machine().durable().index, at.index);
  EXPECT_EQ(Apply(small), small_answer);
  EXPECT_EQ(Apply(large), large_answer);
  answers.clear();
  ASSERT_EQ(*other.machine().Apply(std::span(log_).last(2), true, answers), 2U);
  EXPECT_EQ(*DecodeAnswer(answers[0]), small_answer);
  EXPECT_EQ(*DecodeAnswer(answers[1]), large_answer);
  EXPECT_EQ(other.machine().digest(), machine().digest());
}

TEST_F(MachineTest, ADatabaseOfSomebodyElseIsRefused) {
  const auto opened = [&](const engine::LogMark& mark, const engine::WriteBatch& batch) {
    auto db = engine::Db::Open(Environment(), "other" + std::to_string(mark.state.size()),
                               EngineOptions(engine::SmallOptions()));
    EXPECT_TRUE(db);
    EXPECT_TRUE((*db)->Apply(batch, mark));
    EXPECT_TRUE((*db)->Flush());
    const auto machine = Machine::Open(**db, {.sessions = {}, .bootstrap = {}});
    EXPECT_FALSE(machine);
    return machine ? ErrorCode::kBusy : machine.error().code();
  };
  EXPECT_EQ(opened({.index = 1, .state = "not ours"}, {}), ErrorCode::kCorruption);
  engine::WriteBatch batch;
  Bytes key = SessionRowKey(SessionId(1), 1);
  batch.Put(key, "row");
  const engine::LogMark mark =
      EncodePlace({.index = raft::LogIndex(1), .term = raft::Term(1), .time_ms = 0, .digest = 0},
                  MakePlaceConfiguration({}, testing::Node::bootstrap()));
  EXPECT_EQ(opened(mark, batch), ErrorCode::kCorruption);
}

TEST_F(MachineTest, ScansCanComeBackToAMoment) {
  Apply(Done({PutOf("a", "1"), PutOf("b", "2")}));
  auto moment = machine().PinReads();
  ASSERT_TRUE(moment);
  Apply(Done({PutOf("a", "new"), {.kind = OperationKind::kDelete, .key = "b"}}));
  Flush();
  const auto then = machine().Scan("", std::nullopt, {}, moment->get());
  ASSERT_TRUE(then);
  EXPECT_EQ(then->entries, (std::vector<std::pair<Bytes, Bytes>>{{"a", "1"}, {"b", "2"}}));
  const auto now = machine().Scan("", std::nullopt, {});
  EXPECT_EQ(now->entries, (std::vector<std::pair<Bytes, Bytes>>{{"a", "new"}}));
  moment->reset();
  machine().AwaitSnapshot();
  EXPECT_EQ(machine().PinReads().error().code(), ErrorCode::kCompactedAway);
}

}  // namespace
}  // namespace beach::server
