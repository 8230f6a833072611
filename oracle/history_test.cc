// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "oracle/crash_oracle.h"
#include "oracle/model.h"

// Histories as text, one event a line, each with the rule that it breaks ("ok": none).
//   issue 1 sync +a -b     batch 1 puts a, deletes b ("nosync": without); "+e=" puts an empty value
//   issue 1 sync if a=1.0 b=- then +a
//                          the same, to be written if key a holds that and b is absent
//   issue 1 sync by 2 +a   the same of client 2, whose batches are sequenced in order
//   seq 1 @5               it got sequence numbers from 5 on; "seq 1 @5 #2" says how many
//   refuse @5              all from sequence number 5 on were refused
//   ack 1 / fail 1
//   reject 1               it failed with the promise that nothing was written
//   decline 1              it was answered: a condition does not hold
//   flush                  all that is acknowledged is in tables
//   begin r                a read begins; "fix r": its snapshot is fixed
//   get r a 1.0            it ends and has found what operation 0 of batch 1 wrote; "-" is absent
//   scan r a=1.0 c=2.1     the same for a scan of everything
//   close / kill / power / open
//   found @7 a=1.0         the recovered state, read at sequence 7

namespace beach::oracle {
namespace {

class History {
 public:
  Judgement Run(const std::string& script) {
    std::istringstream lines(script);
    std::string line;
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string verb;
      if (!(words >> verb)) continue;
      if (Judgement judgement = Event(verb, words)) return judgement;
    }
    return std::nullopt;
  }

  Model model;
  CrashOracle oracle{model};

 private:
  Judgement Event(const std::string& verb, std::istringstream& words) {
    if (verb == "issue") return Issue(words), std::nullopt;
    if (verb == "seq") return Sequence(words);
    if (verb == "refuse") return model.Refuse(std::stoull(Word(words).substr(1)));
    if (verb == "ack") return model.Acknowledge(Id(words));
    if (verb == "fail") return model.Fail(Id(words));
    if (verb == "reject") return model.Reject(Id(words));
    if (verb == "decline") return model.Decline(Id(words));
    if (verb == "flush") return model.Durable(model.DurableMark()), std::nullopt;
    if (verb == "begin") return marks_[Word(words)] = model.BeginRead(), std::nullopt;
    if (verb == "fix") return model.FixSnapshot(marks_[Word(words)]), std::nullopt;
    if (verb == "get") {
      const Model::ReadMark mark = marks_[Word(words)];
      const std::string key = Word(words);
      return model.EndGet(mark, key, Value(Word(words)));
    }
    if (verb == "scan") {
      const Model::ReadMark mark = marks_[Word(words)];
      return model.EndScan(mark, KeyRange{}, Entries(words));
    }
    if (verb == "close") return oracle.Ended(LifeEnd::kClosed), std::nullopt;
    if (verb == "kill") return oracle.Ended(LifeEnd::kKilled), std::nullopt;
    if (verb == "power") return oracle.Ended(LifeEnd::kPowerLost), std::nullopt;
    if (verb == "open") return oracle.Opened(), std::nullopt;
    if (verb == "found") {
      const std::uint64_t sequence = std::stoull(Word(words).substr(1));
      return oracle.Recovered(Entries(words), sequence);
    }
    return Violation{.rule = "bad script", .message = verb};
  }

  void Issue(std::istringstream& words) {
    ModelBatch batch{.id = Id(words), .client = 0, .sync = Word(words) == "sync", .operations = {}};
    std::string word;
    bool conditions = false;
    while (words >> word) {
      const auto index = static_cast<std::uint32_t>(batch.operations.size());
      if (word == "by") {
        batch.client = std::stoull(Word(words));
        continue;
      }
      if (word == "if" || word == "then") {
        conditions = word == "if";
        continue;
      }
      if (conditions) {
        batch.conditions.push_back({.key = word.substr(0, 1), .value = Value(word.substr(2))});
        continue;
      }
      if (word[0] == '-') {
        batch.operations.push_back({.key = word.substr(1), .value = std::nullopt});
      } else if (word.back() == '=') {
        batch.operations.push_back({.key = word.substr(1, word.size() - 2), .value = Bytes()});
      } else {
        batch.operations.push_back(
            {.key = word.substr(1), .value = MakeValue({batch.id, index}, 3)});
      }
    }
    counts_[batch.id] = batch.operations.size();
    model.Issue(std::move(batch));
  }

  Judgement Sequence(std::istringstream& words) {
    const BatchId id = Id(words);
    const std::uint64_t first = std::stoull(Word(words).substr(1));
    std::string count;
    if (words >> count) return model.Sequence(id, first, std::stoull(count.substr(1)));
    return model.Sequence(id, first, counts_[id]);
  }

  static std::string Word(std::istringstream& words) {
    std::string word;
    EXPECT_TRUE(words >> word);
    return word;
  }
  static BatchId Id(std::istringstream& words) { return BatchId(std::stoull(Word(words))); }

  // "1.0": what operation 0 of batch 1 wrote. "": empty. "-": absent. Else the text itself.
  static std::optional<Bytes> Value(const std::string& text) {
    if (text == "-") return std::nullopt;
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos) return text;
    const auto operation = static_cast<std::uint32_t>(std::stoul(text.substr(dot + 1)));
    return MakeValue({BatchId(std::stoull(text.substr(0, dot))), operation}, 3);
  }
  static std::vector<KeyValue> Entries(std::istringstream& words) {
    std::vector<KeyValue> entries;
    std::string word;
    while (words >> word) {
      const std::size_t equals = word.find('=');
      entries.emplace_back(word.substr(0, equals), *Value(word.substr(equals + 1)));
    }
    return entries;
  }

  std::map<std::string, Model::ReadMark> marks_;
  std::map<BatchId, std::uint64_t> counts_;
};

struct Case {
  const char* name;
  const char* rule;
  std::string script;
};

// Three batches, all in the log, the second acknowledged without sync.
const char* const kThree =
    "issue 1 sync +a +b\n seq 1 @1\n ack 1\n"
    "issue 2 nosync +b -a\n seq 2 @3\n ack 2\n"
    "issue 3 nosync +c\n seq 3 @5\n";

std::vector<Case> Cases() {
  const std::string three = kThree;
  const std::string settled =
      "issue 1 sync +a +b\n seq 1 @1\n ack 1\n close\n open\n"
      "found @2 a=1.0 b=1.1\n";
  return {
      // Recovery after a process crash.
      {"KillKeepsAcknowledged", "ok", three + "kill\n open\n found @4 b=2.0"},
      {"KillMayKeepUnknown", "ok", three + "kill\n open\n found @5 b=2.0 c=3.0"},
      {"KillLosesAcknowledged", "durable-ack-lost", three + "kill\n open\n found @2 a=1.0 b=1.1"},
      {"KillLosesAll", "durable-ack-lost", three + "kill\n open\n found @0"},
      {"CloseKeepsAll", "durable-ack-lost",
       "issue 1 nosync +a\n seq 1 @1\n ack 1\n close\n power\n open\n found @0"},
      {"FlushIsDurable", "durable-ack-lost",
       "issue 1 nosync +a\n seq 1 @1\n ack 1\n flush\n power\n open\n found @0"},
      {"EmptySyncedBatchIsDurable", "durable-ack-lost",
       "issue 1 nosync +a\n seq 1 @1\n ack 1\n issue 2 sync\n ack 2\n power\n open\n found @0"},
      {"EmptyBatchWithoutSyncIsNot", "ok",
       "issue 1 nosync +a\n seq 1 @1\n ack 1\n issue 2 nosync\n ack 2\n power\n open\n found @0"},
      // Recovery after power loss.
      {"PowerMayTakeUnsynced", "ok", three + "power\n open\n found @2 a=1.0 b=1.1"},
      {"PowerKeepsSynced", "durable-ack-lost", three + "power\n open\n found @0"},
      {"SyncedCarriesAllBefore", "durable-ack-lost",
       "issue 1 nosync +a\n seq 1 @1\n issue 2 sync +b\n seq 2 @2\n ack 2\n"
       "power\n open\n found @2 b=2.0"},
      {"KillThenPowerDuringRecovery", "ok", three + "kill\n power\n open\n found @2 a=1.0 b=1.1"},
      {"OpenMakesItDurable", "durable-ack-lost",
       three + "kill\n open\n power\n open\n found @2 a=1.0 b=1.1"},
      // Prefixes and atomicity.
      {"SkipsABatch", "not-a-prefix",
       "issue 1 nosync +a\n seq 1 @1\n issue 2 nosync +b\n seq 2 @2\n kill\n open\n found @2 "
       "b=2.0"},
      {"SkipsADelete", "not-a-prefix",
       settled + "issue 2 nosync -a\n seq 2 @3\n issue 3 nosync +b\n seq 3 @4\n"
                 "kill\n open\n found @4 a=1.0 b=3.0"},
      {"TornInTwo", "torn-batch", "issue 1 nosync +a +b\n seq 1 @1\n kill\n open\n found @2 a=1.0"},
      {"TornDelete", "torn-batch",
       settled + "issue 2 nosync -a +b\n seq 2 @3\n kill\n open\n found @4 a=1.0 b=2.1"},
      {"TornWithinAKey", "torn-batch",
       "issue 1 nosync +a +a\n seq 1 @1\n kill\n open\n found @2 a=1.0"},
      {"LastWriteInABatchWins", "ok",
       "issue 1 nosync +a +a\n seq 1 @1\n kill\n open\n found @2 a=1.1"},
      {"PutAndDeleteInABatch", "ok",
       "issue 1 sync +a -a\n seq 1 @1\n ack 1\n power\n open\n found @2"},
      {"EmptyKeyAndValue", "ok", "issue 1 sync +=\n seq 1 @1\n ack 1\n kill\n open\n found @1 ="},
      {"EmptyValueIsNotAbsence", "durable-ack-lost",
       "issue 1 sync +a=\n seq 1 @1\n ack 1\n kill\n open\n found @1"},
      // Refused before a byte was written, while later batches go on.
      {"RefusedIsSkipped", "ok",
       three + "issue 4 sync +b +d\n seq 4 @6\n issue 5 nosync -c\n seq 5 @8\n refuse @6\n"
               "fail 4\n fail 5\n issue 6 sync +e\n seq 6 @9\n ack 6\n begin r\n"
               "scan r b=2.0 c=3.0 e=6.0\n power\n open\n found @9 b=2.0 c=3.0 e=6.0"},
      {"RefusedShows", "phantom-key",
       three + "issue 4 sync +d\n seq 4 @6\n refuse @6\n fail 4\n begin r\n get r d 4.0"},
      {"RefusedComesBack", "phantom-key",
       three + "issue 4 sync +d\n seq 4 @6\n refuse @6\n fail 4\n kill\n open\n"
               "found @6 b=2.0 c=3.0 d=4.0"},
      {"RefusedWasShown", "refused-but-shown",
       three + "issue 4 sync +d\n seq 4 @6\n begin r\n get r d 4.0\n refuse @6"},
      {"RefusedIsAcknowledged", "acknowledged-unsequenced",
       three + "issue 4 sync +d\n seq 4 @6\n refuse @6\n ack 4"},
      {"RejectedAfterItWasRefused", "ok",
       three + "issue 4 sync +d\n seq 4 @6\n refuse @6\n reject 4"},
      {"RejectedBeforeItHadAPlace", "ok", three + "issue 4 sync +d\n reject 4"},
      {"RejectedInItsPlace", "rejected-but-sequenced",
       three + "issue 4 sync +d\n seq 4 @6\n reject 4"},
      {"RejectedAndSequencedLater", "sequenced-twice",
       three + "issue 4 sync +d\n reject 4\n seq 4 @6"},
      // Conditional writes: judged by the state right before their place, or by one that readers
      // may have seen since they were issued.
      {"ConditionHolds", "ok",
       three + "issue 4 sync if b=2.0 a=- then +a -b\n seq 4 @6\n ack 4\n begin r\n"
               "scan r a=4.0 c=3.0"},
      {"ConditionOfAnOlderState", "condition-broken",
       three + "issue 4 sync if a=1.0 then +b\n seq 4 @6"},
      {"ConditionOfWhatIsUnderWay", "condition-broken",
       "issue 1 sync +a\n seq 1 @1\n issue 2 sync if a=- then +a\n seq 2 @2"},
      {"ConditionMetByWhatIsUnderWay", "ok",
       "issue 1 sync +a\n issue 2 sync if a=1.0 then -a\n seq 1 @1\n seq 2 @2\n ack 2"},
      {"DeclinedRightly", "ok", three + "issue 4 sync if a=1.0 then +a\n decline 4"},
      {"DeclinedByWhatIsUnderWay", "ok",
       three + "issue 4 sync if b=2.0 then +b\n issue 5 sync -b\n seq 5 @6\n decline 4"},
      {"DeclinedByThePast", "condition-held", three + "issue 4 sync if b=2.0 then +b\n decline 4"},
      {"DeclinedAndWritten", "rejected-but-sequenced",
       three + "issue 4 sync if b=2.0 then +b\n seq 4 @6\n decline 4"},
      {"DeclinedShowsWhatItSaw", "wrong-read",
       "issue 1 sync +a\n seq 1 @1\n issue 2 nosync if a=- then +a\n decline 2\n begin r\n"
       "get r a -"},
      {"DeclinedWithSyncIsDurable", "durable-ack-lost",
       "issue 1 nosync +a\n seq 1 @1\n ack 1\n issue 2 sync if a=- then +a\n decline 2\n"
       "power\n open\n found @0"},
      {"DeclinedWithoutSyncIsNot", "ok",
       "issue 1 nosync +a\n seq 1 @1\n ack 1\n issue 2 nosync if a=- then +a\n decline 2\n"
       "power\n open\n found @0"},
      {"AskedByAnEmptyBatch", "ok", three + "issue 4 sync if b=2.0 then\n ack 4"},
      {"AskedAndToldWrong", "condition-broken", three + "issue 4 sync if b=1.0 then\n ack 4"},
      // Those of one client.
      {"ClientInOrder", "ok", "issue 1 sync by 2 +a\n issue 2 sync by 2 +b\n seq 1 @1\n seq 2 @2"},
      {"ClientOutOfOrder", "client-order",
       "issue 1 sync by 2 +a\n issue 2 sync by 2 +b\n seq 2 @1\n seq 1 @2"},
      {"ClientsInAnyOrder", "ok",
       "issue 1 sync by 2 +a\n issue 2 sync by 3 +b\n seq 2 @1\n seq 1 @2"},
      // What nobody wrote.
      {"PhantomValue", "phantom-key", "kill\n open\n found @0 a=zzz"},
      {"PhantomBatch", "phantom-key", "kill\n open\n found @0 a=9.0"},
      {"PhantomOnAnotherKey", "phantom-key",
       "issue 1 sync +a\n seq 1 @1\n ack 1\n kill\n open\n found @1 a=1.0 b=1.0"},
      {"NeverSequencedShows", "phantom-key", "issue 1 sync +a\n kill\n open\n found @1 a=1.0"},
      {"NeverSequencedIsAbsent", "ok", "issue 1 sync +a\n kill\n open\n found @0"},
      {"FailedMayShow", "ok", "issue 1 sync +a\n seq 1 @1\n fail 1\n kill\n open\n found @1 a=1.0"},
      {"FailedMayBeGone", "ok", "issue 1 sync +a\n seq 1 @1\n fail 1\n kill\n open\n found @0"},
      // Once settled, it stays.
      {"SecondRecoveryEqual", "ok",
       three + "kill\n open\n found @4 b=2.0\n kill\n open\n found @4 b=2.0"},
      {"UnknownComesBack", "outcome-changed",
       three + "kill\n open\n found @4 b=2.0\n kill\n open\n found @5 b=2.0 c=3.0"},
      {"UnknownGoesAway", "outcome-changed",
       three + "kill\n open\n found @5 b=2.0 c=3.0\n power\n open\n found @4 b=2.0"},
      {"DeletedComesBack", "resurrected",
       three + "kill\n open\n found @4 b=2.0\n power\n open\n found @4 a=1.0 b=2.0"},
      {"SettledIsLost", "outcome-changed",
       settled + "issue 2 nosync +c\n seq 2 @3\n power\n open\n found @3 b=1.1 c=2.0"},
      // Sequence numbers.
      {"SequenceGoesBack", "sequence-reused", three + "issue 4 sync +d\n seq 4 @5"},
      {"SequenceMayJump", "ok", three + "issue 4 sync +d\n seq 4 @50\n ack 4"},
      {"SequenceReusedAfterRecovery", "sequence-reused", settled + "issue 2 sync +c\n seq 2 @2"},
      {"SequenceReusedWithinSnapshot", "sequence-reused",
       "issue 1 sync +a\n seq 1 @1\n ack 1\n kill\n open\n found @9 a=1.0\n"
       "issue 2 sync +a\n seq 2 @9"},
      {"SequenceOfLostMayComeAgain", "ok",
       "issue 1 nosync +a\n seq 1 @1\n power\n open\n found @0\n issue 2 sync +a\n seq 2 @1\n ack "
       "2"},
      {"RecoveredBelowItsData", "sequence-reused", three + "kill\n open\n found @3 b=2.0"},
      {"EqualStatesAreToldApartBySequence", "ok",
       "issue 1 sync +a=\n seq 1 @1\n ack 1\n issue 2 sync -a\n seq 2 @2\n issue 3 sync +a=\n"
       "seq 3 @3\n kill\n open\n found @1 a="},
      {"EqualStatesAllAboveTheSequence", "sequence-reused",
       "issue 1 sync +a=\n seq 1 @5\n ack 1\n issue 2 sync -b\n seq 2 @6\n"
       "kill\n open\n found @4 a="},
      {"SequenceCount", "sequence-count", "issue 1 sync +a +b\n seq 1 @1 #1"},
      {"SequencedTwice", "sequenced-twice", "issue 1 sync +a\n seq 1 @1\n seq 1 @2"},
      {"SequencedUnissued", "sequenced-unissued", "seq 1 @1 #1"},
      {"AcknowledgedUnsequenced", "acknowledged-unsequenced", "issue 1 sync +a\n ack 1"},
      // Reads.
      {"ReadSeesAcknowledged", "ok", three + "begin r\n get r b 2.0"},
      {"ReadMayNotSeeUnderWay", "ok", three + "begin r\n get r c -"},
      {"ReadMaySeeUnderWay", "ok", three + "begin r\n get r c 3.0"},
      {"ReadIsStale", "wrong-read", three + "begin r\n get r b 1.1"},
      {"ReadSeesDeleted", "wrong-read", three + "begin r\n get r a 1.0"},
      {"ReadMissesAcknowledged", "wrong-read", three + "begin r\n get r b -"},
      {"ReadBeganBefore", "ok", "begin r\n issue 1 sync +a\n seq 1 @1\n ack 1\n get r a -"},
      {"ReadsGoBack", "wrong-read", three + "begin r\n get r c 3.0\n begin s\n get s c -"},
      {"ReadsOverlap", "ok", three + "begin r\n begin s\n get r c 3.0\n get s c -"},
      {"ReadSeesNeverSequenced", "phantom-key", "issue 1 sync +a\n begin r\n get r a 1.0"},
      {"ReadSeesNeverIssued", "phantom-key", "begin r\n get r a 1.0"},
      {"ReadSeesNotApplied", "outcome-changed",
       three + "kill\n open\n found @4 b=2.0\n begin r\n get r c 3.0"},
      {"SeeingSettlesForKill", "durable-ack-lost",
       three + "begin r\n get r c 3.0\n kill\n open\n found @4 b=2.0"},
      {"SeeingSyncedIsDurable", "durable-ack-lost",
       "issue 1 sync +a\n seq 1 @1\n begin r\n get r a 1.0\n power\n open\n found @0"},
      {"SeeingUnsyncedIsNotDurable", "ok",
       "issue 1 nosync +a\n seq 1 @1\n begin r\n get r a 1.0\n power\n open\n found @0"},
      // Scans.
      {"ScanOfAPrefix", "ok", three + "begin r\n scan r b=2.0"},
      {"ScanWithUnderWay", "ok", three + "begin r\n scan r b=2.0 c=3.0"},
      {"ScanStale", "scan-mismatch", three + "begin r\n scan r a=1.0 b=1.1"},
      {"ScanMixed", "scan-mismatch", three + "begin r\n scan r b=1.1 c=3.0"},
      {"ScanOrder", "scan-order", three + "begin r\n scan r c=3.0 b=2.0"},
      {"ScanShowsTwice", "scan-order", three + "begin r\n scan r b=2.0 b=2.0"},
      {"ScanPhantom", "phantom-key", three + "begin r\n scan r b=2.0 d=zzz"},
      {"ScanSnapshotIsFixed", "scan-mismatch",
       "issue 1 sync +a\n seq 1 @1\n ack 1\n begin r\n fix r\n"
       "issue 2 sync +a\n seq 2 @2\n ack 2\n scan r a=2.0"},
      {"ScanOfItsSnapshot", "ok",
       "issue 1 sync +a\n seq 1 @1\n ack 1\n begin r\n fix r\n"
       "issue 2 sync +a\n seq 2 @2\n ack 2\n scan r a=1.0"},
  };
}

class HistoryTest : public ::testing::TestWithParam<Case> {};

TEST_P(HistoryTest, BreaksTheRuleItNames) {
  History history;
  const Judgement judgement = history.Run(GetParam().script);
  EXPECT_EQ(judgement ? judgement->rule : "ok", GetParam().rule)
      << (judgement ? judgement->message : "no violation");
  EXPECT_TRUE(!judgement || !judgement->message.empty());
}

INSTANTIATE_TEST_SUITE_P(Oracle, HistoryTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(HistoryMessage, NamesKeyValuesAndBatches) {
  History history;
  const Judgement judgement = history.Run(
      "issue 1 nosync +a\n seq 1 @1\n issue 2 nosync +b\n seq 2 @2\n kill\n open\n found @2 b=2.0");
  ASSERT_TRUE(judgement.has_value());
  EXPECT_EQ(
      judgement->message,
      "recovered key \"a\" shows absent; expected value b1.o0 of 9 bytes by batch 1 (no sync, "
      "sequenced), since the later batch 2 (no sync, sequenced) shows");
}

TEST(HistoryOutcome, IsUnknownUntilSeenOrSettled) {
  History history;
  ASSERT_FALSE(history.Run("issue 1 sync +a\n seq 1 @1\n fail 1\n issue 2 sync +b"));
  EXPECT_EQ(history.model.OutcomeOf(BatchId(1)), Outcome::kUnknown);
  ASSERT_FALSE(history.Run("begin r\n get r a 1.0"));
  EXPECT_EQ(history.model.OutcomeOf(BatchId(1)), Outcome::kApplied);
  EXPECT_EQ(history.model.OutcomeOf(BatchId(2)), Outcome::kUnknown);
  ASSERT_FALSE(history.Run("kill\n open\n found @1 a=1.0"));
  EXPECT_EQ(history.model.OutcomeOf(BatchId(1)), Outcome::kApplied);
  EXPECT_EQ(history.model.OutcomeOf(BatchId(2)), Outcome::kNotApplied);
}

}  // namespace
}  // namespace beach::oracle
