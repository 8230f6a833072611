// SPDX-License-Identifier: Apache-2.0
#include "crash/run/history.h"

#include <gtest/gtest.h>

#include "oracle/value_id.h"

namespace beach::crash {
namespace {

using artifacts::Operation;
using oracle::LifeEnd;

// A worker as it should be, and as it should not: what it says is written by hand.
class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    history_.Opened();
    EXPECT_FALSE(history_.Recovered(State({}, 0)));
  }

  static Json State(const Entries& entries, std::uint64_t visible) {
    return {{"ok", true}, {"visible", visible}, {"entries", ToJson(entries)}};
  }
  static Operation Put(std::uint64_t id, const char* key, const char* sync = "sync") {
    return {.id = id, .kind = "put", .arguments = {sync, key, "5"}};
  }
  static Bytes Value(std::uint64_t id) { return oracle::MakeValue({oracle::BatchId(id), 0}, 5); }
  static Json Sequenced(std::uint64_t id, std::uint64_t first) {
    return {{"event", "write.sequenced"}, {"first", first}, {"count", 1U}, {"tag", id}};
  }
  static Json Fine(std::uint64_t id) { return {{"id", id}, {"ok", true}}; }
  static Json Failed(std::uint64_t id, ErrorCode code = ErrorCode::kIo) {
    return {{"id", id}, {"ok", false}, {"error", ToJson(Error(code, "no"))}};
  }
  std::string RuleOf(const oracle::Judgement& judgement) {
    return judgement ? judgement->rule : "";
  }
  // Written, placed and answered.
  void Write(std::uint64_t id, const char* key, std::uint64_t first) {
    history_.Issue(Put(id, key));
    EXPECT_FALSE(history_.Event(Sequenced(id, first), false));
    EXPECT_FALSE(history_.Answer(Fine(id), false));
  }

  History history_{"copies"};
};

TEST_F(HistoryTest, WhatWasAcknowledgedMustBeThereAfterAKill) {
  Write(1, "a", 1);
  history_.Ended(LifeEnd::kKilled);
  history_.Opened();
  EXPECT_EQ(RuleOf(history_.Recovered(State({}, 0))), "durable-ack-lost");
}

TEST_F(HistoryTest, WhatWasUnderWayMayBeThereOrNot) {
  for (const bool there : {true, false}) {
    History history("copies");
    history.Opened();
    EXPECT_FALSE(history.Recovered(State({}, 0)));
    history.Issue(Put(1, "a"));
    EXPECT_FALSE(history.Event(Sequenced(1, 1), false));
    history.Ended(LifeEnd::kKilled);
    history.Opened();
    EXPECT_FALSE(history.Recovered(there ? State({{"a", Value(1)}}, 1) : State({}, 0)));
  }
}

// Un-synced: a loss of power may take it, unless something has made it durable since.
TEST_F(HistoryTest, WhatAFlushOrACopyHoldsMustBeThereAfterALossOfPower) {
  for (const char* kind : {"", "flush", "compact", "checkpoint", "backup"}) {
    History history("copies");
    history.Opened();
    EXPECT_FALSE(history.Recovered(State({}, 0)));
    history.Issue(Put(1, "a", "nosync"));
    EXPECT_FALSE(history.Event(Sequenced(1, 1), false));
    EXPECT_FALSE(history.Answer(Fine(1), false));
    if (*kind != '\0') {
      history.Issue({.id = 2, .kind = kind, .arguments = {}});
      Json answer = Fine(2);
      answer["sequence"] = 1U;
      EXPECT_FALSE(history.Answer(answer, false)) << kind;
    }
    history.Ended(LifeEnd::kPowerLost);
    history.Opened();
    const char* const rule = *kind != '\0' ? "durable-ack-lost" : "";
    EXPECT_EQ(RuleOf(history.Recovered(State({}, 0))), rule) << kind;
  }
}

TEST_F(HistoryTest, AnErrorNeedsAFault) {
  history_.Issue(Put(1, "a"));
  EXPECT_FALSE(history_.Event(Sequenced(1, 1), false));
  EXPECT_FALSE(history_.Event({{"event", "db.poisoned"}}, true));
  EXPECT_FALSE(history_.Answer(Failed(1), true));
  history_.Issue(Put(2, "a"));
  EXPECT_EQ(RuleOf(history_.Answer(Failed(2), false)), "unexplained-error");
}

TEST_F(HistoryTest, AWriteFailsOnlyFromAPoisonedHandle) {
  history_.Issue(Put(1, "a"));
  EXPECT_EQ(RuleOf(history_.Answer(Failed(1), true)), "unexplained-error");
}

TEST_F(HistoryTest, AFailureThatNobodyWasToldOfNeedsAFaultToo) {
  EXPECT_FALSE(history_.Event({{"event", "compaction.failed"}}, true));
  EXPECT_EQ(RuleOf(history_.Event({{"event", "compaction.failed"}}, false)), "unexplained-error");
}

TEST_F(HistoryTest, NoFaultExplainsAReadThatFails) {
  history_.Issue({.id = 1, .kind = "scan", .arguments = {}});
  EXPECT_EQ(RuleOf(history_.Answer(Failed(1), true)), "unexplained-error");
}

TEST_F(HistoryTest, ReadsAreJudged) {
  Write(1, "a", 1);
  history_.Issue({.id = 2, .kind = "get", .arguments = {"a"}});
  Json answer = Fine(2);
  answer["value"] = nullptr;
  EXPECT_EQ(RuleOf(history_.Answer(answer, false)), "wrong-read");
}

TEST_F(HistoryTest, NonsenseIsAFinding) {
  EXPECT_EQ(RuleOf(history_.Answer(Fine(9), false)), "bad-answer");
  EXPECT_EQ(RuleOf(history_.Answer({{"ok", true}}, false)), "bad-answer");
  history_.Issue({.id = 2, .kind = "scan", .arguments = {}});
  EXPECT_EQ(RuleOf(history_.Answer(Fine(2), false)), "bad-answer");
}

class CopyTest : public HistoryTest {
 protected:
  void Checkpoint(std::uint64_t id, std::uint64_t sequence) {
    history_.Issue({.id = id, .kind = "checkpoint", .arguments = {}});
    Json answer = Fine(id);
    answer["sequence"] = sequence;
    EXPECT_FALSE(history_.Answer(answer, false));
  }
  std::string RuleOfCopy(const Json& answer) {
    EXPECT_EQ(history_.copies().size(), 1U);
    return RuleOf(History::CheckCopy(history_.copies().front(), answer));
  }
};

TEST_F(CopyTest, OneThatWasFinishedShowsItsMoment) {
  Write(1, "a", 1);
  Checkpoint(2, 1);
  Write(3, "b", 2);
  history_.Ended(LifeEnd::kKilled);
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}}, 1)), "");
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}, {"b", Value(3)}}, 2)), "copy-differs");
  EXPECT_EQ(RuleOfCopy(Failed(0, ErrorCode::kRefused)), "copy-lost");
}

TEST_F(CopyTest, OneThatWasNotFinishedIsWholeOrNone) {
  Write(1, "a", 1);
  history_.Issue({.id = 2, .kind = "checkpoint", .arguments = {}});
  history_.Ended(LifeEnd::kKilled);
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}}, 1)), "");
  EXPECT_EQ(RuleOfCopy(Failed(0, ErrorCode::kRefused)), "");
  EXPECT_EQ(RuleOfCopy(Failed(0, ErrorCode::kNotFound)), "");
  EXPECT_EQ(RuleOfCopy(Failed(0, ErrorCode::kCorruption)), "copy-lost");
  EXPECT_EQ(RuleOfCopy(State({{"b", Value(1)}}, 1)), "copy-differs");
}

TEST_F(CopyTest, OneThatLacksWhatWasAcknowledgedBeforeIsAFinding) {
  Write(1, "a", 1);
  Write(2, "b", 2);
  history_.Issue({.id = 3, .kind = "checkpoint", .arguments = {}});
  Json answer = Fine(3);
  answer["sequence"] = 1U;
  EXPECT_EQ(RuleOf(history_.Answer(answer, false)), "copy-of-no-prefix");
}

TEST_F(CopyTest, OfBackupsTheNewestCounts) {
  Write(1, "a", 1);
  const auto backup = [this](std::uint64_t id, std::uint64_t sequence) {
    history_.Issue({.id = id, .kind = "backup", .arguments = {}});
    Json answer = Fine(id);
    answer["sequence"] = sequence;
    EXPECT_FALSE(history_.Answer(answer, false));
  };
  backup(2, 1);
  Write(3, "b", 2);
  backup(4, 2);
  history_.Ended(LifeEnd::kKilled);
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}}, 1)), "copy-differs");
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}, {"b", Value(3)}}, 2)), "");
  history_.Opened();
  EXPECT_FALSE(history_.Recovered(State({{"a", Value(1)}, {"b", Value(3)}}, 2)));
  Write(5, "c", 3);
  history_.Issue({.id = 6, .kind = "backup", .arguments = {}});
  history_.Ended(LifeEnd::kKilled);  // it may have come about
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}}, 1)), "copy-differs");
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}, {"b", Value(3)}}, 2)), "");
  const Json newest = State({{"a", Value(1)}, {"b", Value(3)}, {"c", Value(5)}}, 3);
  EXPECT_EQ(RuleOfCopy(newest), "");
  history_.Seen(Copy(history_.copies().front()), newest);  // and from now on it is that one
  EXPECT_EQ(RuleOfCopy(State({{"a", Value(1)}, {"b", Value(3)}}, 2)), "copy-differs");
}

}  // namespace
}  // namespace beach::crash
