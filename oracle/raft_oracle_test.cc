// SPDX-License-Identifier: Apache-2.0
#include "oracle/raft_oracle.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace beach::oracle {
namespace {

constexpr RaftNode kA(1);
constexpr RaftNode kB(2);
constexpr RaftNode kC(3);
constexpr RaftNode kD(4);
constexpr RaftTerm T(std::uint64_t term) { return RaftTerm(term); }
constexpr RaftIndex I(std::uint64_t index) { return RaftIndex(index); }

const RaftConfiguration kThree = {.voters = {kA, kB, kC}};

RaftEntry Entry(std::uint64_t index, std::uint64_t term, std::uint64_t digest = 7) {
  return {.index = I(index), .term = T(term), .digest = digest};
}

std::string RuleOf(const Judgement& judgement) { return judgement ? judgement->rule : "none"; }

// A cluster of A, B and C; what happens in it must be right unless a test asks for the judgement.
class RaftOracleTest : public ::testing::Test {
 protected:
  RaftOracleTest() {
    for (const RaftNode node : {kA, kB, kC}) Ok(oracle.Started(node, {}));
  }

  static void Ok(const Judgement& judgement) { EXPECT_EQ(RuleOf(judgement), "none"); }

  void Vote(RaftNode node, std::uint64_t term, RaftNode candidate) {
    Ok(oracle.HardState(node, T(term), candidate));
    Ok(oracle.VoteSent(node, T(term), candidate));
  }
  void Elect(RaftNode leader, RaftNode other, std::uint64_t term) {
    Vote(leader, term, leader);
    Vote(other, term, leader);
    Ok(oracle.BecameLeader(leader, T(term)));
  }
  void Put(RaftNode node, const RaftEntry& entry) {
    Ok(oracle.Appended(node, entry));
    Ok(oracle.Durable(node, entry.index));
  }
  void Follow(RaftNode node, const RaftEntry& entry, std::uint64_t term) {
    Ok(oracle.HardState(node, T(term), std::nullopt));
    Put(node, entry);
    Ok(oracle.AcknowledgementSent(node, T(term), entry.index));
  }
  // A leads in term 1 and has committed entry 1 on A and B; C has none.
  void CommitOne() {
    Elect(kA, kB, 1);
    Put(kA, Entry(1, 1));
    Put(kB, Entry(1, 1));
    Ok(oracle.AcknowledgementSent(kB, T(1), I(1)));
    Ok(oracle.Committed(kA, I(1)));
  }
  void Restart(RaftNode node, const RaftRecovery& found) {
    oracle.Stopped(node);
    Ok(oracle.Started(node, found));
  }

  RaftOracle oracle{kThree};
};

TEST_F(RaftOracleTest, OneLeaderInATerm) {
  Elect(kA, kB, 1);
  EXPECT_EQ(RuleOf(RaftOracle(oracle).BecameLeader(kB, T(1))), "two-leaders");
  Ok(oracle.BecameLeader(kA, T(1)));  // said again
  Elect(kB, kC, 2);
}

TEST_F(RaftOracleTest, ALeaderDoesNotLeadAgainInItsTermAfterARestart) {
  Elect(kA, kB, 1);
  Restart(kA, {.term = T(1), .vote = kA});
  EXPECT_EQ(RuleOf(oracle.BecameLeader(kA, T(1))), "two-leaders");
}

TEST_F(RaftOracleTest, OneVoteInATerm) {
  Vote(kA, 1, kB);
  Ok(oracle.VoteSent(kA, T(1), kB));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).HardState(kA, T(1), kC)), "voted-twice");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).HardState(kA, T(1), std::nullopt)), "vote-forgotten");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).VoteSent(kA, T(1), kC)), "voted-twice");
  Vote(kA, 2, kC);
}

TEST_F(RaftOracleTest, OneVoteInATermAcrossRestarts) {
  Vote(kA, 1, kB);
  oracle.Stopped(kA);
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, {.term = T(1)})), "vote-forgotten");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, {.term = T(1), .vote = kC})), "voted-twice");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, {})), "term-went-back");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, {.term = T(2), .vote = kC})), "none")
      << "one that was on its way to the disk";
  Ok(oracle.Started(kA, {.term = T(1), .vote = kB}));
  Ok(oracle.VoteSent(kA, T(1), kB));
}

TEST_F(RaftOracleTest, TermsGrow) {
  Ok(oracle.HardState(kA, T(3), std::nullopt));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).HardState(kA, T(2), std::nullopt)), "term-went-back");
  Ok(oracle.HardState(kA, T(3), kB));
}

TEST_F(RaftOracleTest, VotesAreDurableBeforeTheyAreSpoken) {
  EXPECT_EQ(RuleOf(RaftOracle(oracle).VoteSent(kA, T(1), kB)), "vote-not-durable");
  Ok(oracle.HardState(kA, T(1), std::nullopt));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).VoteSent(kA, T(1), kB)), "vote-not-durable");
  Ok(oracle.HardState(kA, T(1), kB));
  Ok(oracle.VoteSent(kA, T(1), kB));
}

TEST_F(RaftOracleTest, EntriesAreDurableBeforeTheyAreAcknowledged) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Ok(oracle.Appended(kB, Entry(1, 1)));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).AcknowledgementSent(kB, T(1), I(1))), "ack-not-durable");
  Ok(oracle.Durable(kB, I(1)));
  Ok(oracle.AcknowledgementSent(kB, T(1), I(1)));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).AcknowledgementSent(kB, T(2), I(1))), "ack-not-durable");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).AcknowledgementSent(kC, T(1), I(0))), "ack-not-durable")
      << "the term of C is not";
  Ok(oracle.HardState(kC, T(7), std::nullopt));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).AcknowledgementSent(kC, T(7), I(0))), "ack-not-durable")
      << "nobody leads";
}

TEST_F(RaftOracleTest, WhatIsAcknowledgedIsTheLeadersLog) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Elect(kB, kC, 2);
  Put(kB, Entry(1, 2));
  Ok(oracle.HardState(kA, T(2), std::nullopt));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).AcknowledgementSent(kA, T(2), I(1))), "ack-of-other-log");
  Ok(oracle.Truncated(kA, I(1)));
  Put(kA, Entry(1, 2));
  Ok(oracle.AcknowledgementSent(kA, T(2), I(1)));
}

TEST_F(RaftOracleTest, LogsMatch) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Put(kA, Entry(2, 1));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Appended(kB, Entry(1, 1, 8))), "log-matching");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Appended(kB, Entry(2, 1))), "log-gap");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Appended(kA, Entry(2, 1))), "log-gap") << "it stands there";
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Appended(kB, Entry(1, 2))), "entry-from-nobody");
  Put(kB, Entry(1, 1));
  Put(kB, Entry(2, 1));
}

// The same index and term at the end, and a difference before it.
TEST_F(RaftOracleTest, LogsMatchBeforeAnEntryToo) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Elect(kB, kC, 2);
  Put(kB, Entry(1, 2));
  Put(kB, Entry(2, 2));
  EXPECT_EQ(RuleOf(oracle.Appended(kA, Entry(2, 2))), "log-matching");
}

TEST_F(RaftOracleTest, LeadersHaveWhatIsCommitted) {
  CommitOne();
  Ok(oracle.HardState(kC, T(2), kC));
  Ok(oracle.VoteSent(kC, T(2), kC));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).BecameLeader(kC, T(2))), "leader-incomplete");
  Ok(oracle.BecameLeader(kB, T(2)));
}

TEST_F(RaftOracleTest, AnOldTermsLeaderMayLackWhatLaterOnesCommitted) {
  Vote(kC, 1, kC);
  Vote(kB, 1, kC);  // on its way to C
  Elect(kA, kB, 2);
  Put(kA, Entry(1, 2));
  Put(kB, Entry(1, 2));
  Ok(oracle.Committed(kA, I(1)));
  Ok(oracle.BecameLeader(kC, T(1)));
}

TEST_F(RaftOracleTest, LaterLeadersHaveWhatAnOldOneCommitsBehindTheirBack) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Put(kB, Entry(1, 1));
  Elect(kC, kB, 2);  // B should not have voted for it
  EXPECT_EQ(RuleOf(oracle.Committed(kA, I(1))), "leader-incomplete");
}

TEST_F(RaftOracleTest, LeadersOnlyAppend) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Truncated(kA, I(1))), "leader-overwrote");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).SnapshotInstalled(
                kA, {.index = I(1), .term = T(1), .configuration = kThree}, 0)),
            "leader-overwrote");
  oracle.SteppedDown(kA);
  Ok(oracle.Truncated(kA, I(1)));
  EXPECT_EQ(RuleOf(oracle.Truncated(kA, I(1))), "log-gap");
}

TEST_F(RaftOracleTest, CommitsGrowWithinALife) {
  CommitOne();
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(0))), "commit-went-back");
  Restart(kA, {.term = T(1), .vote = kA, .entries = {Entry(1, 1)}});
  Ok(oracle.Committed(kA, I(1)));
}

TEST_F(RaftOracleTest, CommitsAreOnAMajority) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Ok(oracle.Appended(kB, Entry(1, 1)));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(1))), "commit-without-quorum");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(2))), "commit-without-quorum");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kB, I(1))), "commit-without-quorum");
  Ok(oracle.Durable(kB, I(1)));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kB, I(1))), "commit-without-quorum")
      << "B does not lead";
  Ok(oracle.Committed(kA, I(1)));
  Ok(oracle.Committed(kB, I(1)));
}

// Figure 8 of the paper.
TEST_F(RaftOracleTest, LeadersCountOnlyTheirOwnTerm) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Elect(kB, kC, 2);
  Put(kB, Entry(1, 2));
  Elect(kA, kC, 3);
  Put(kC, Entry(1, 1));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(1))), "commit-of-older-term");
  Put(kA, Entry(2, 3));
  Put(kC, Entry(2, 3));
  Ok(oracle.Committed(kA, I(2)));
}

TEST_F(RaftOracleTest, FollowersCommitWhatTheLeaderDid) {
  CommitOne();
  Ok(oracle.HardState(kC, T(2), std::nullopt));
  Elect(kB, kA, 3);
  Put(kB, Entry(2, 3));
  Put(kA, Entry(2, 3));
  Ok(oracle.Committed(kB, I(2)));
  Vote(kC, 4, kC);
  Vote(kA, 4, kC);  // it should not
  EXPECT_EQ(RuleOf(RaftOracle(oracle).BecameLeader(kC, T(4))), "leader-incomplete");
  Put(kC, Entry(1, 1));
  Ok(oracle.Committed(kC, I(1)));
}

// An entry of an older term, where another one was committed since.
TEST_F(RaftOracleTest, FollowersDoNotCommitAnythingElse) {
  Elect(kC, kB, 1);
  Put(kC, Entry(1, 1));
  Elect(kA, kB, 2);
  Put(kA, Entry(1, 2));
  Put(kB, Entry(1, 2));
  Ok(oracle.Committed(kA, I(1)));
  EXPECT_EQ(RuleOf(oracle.Committed(kC, I(1))), "commit-differs");
}

TEST_F(RaftOracleTest, StateMachinesApplyTheSameInOrder) {
  CommitOne();
  Put(kA, Entry(2, 1));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kA, I(2), T(1), 50)), "apply-order");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kB, I(1), T(1), 50)), "applied-uncommitted");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kA, I(1), T(2), 50)), "applied-differently");
  Ok(oracle.Applied(kA, I(1), T(1), 50));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kA, I(1), T(1), 50)), "apply-order");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kA, I(2), T(1), 51)), "applied-uncommitted");
  Ok(oracle.Committed(kB, I(1)));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kB, I(1), T(1), 51)), "replica-diverged");
  Ok(oracle.Applied(kB, I(1), T(1), 50));
}

// A log that is cut below what the node knows to be committed.
TEST_F(RaftOracleTest, StateMachinesApplyWhatWasCommitted) {
  Elect(kC, kB, 1);
  Put(kC, Entry(1, 1, 9));
  Elect(kA, kB, 2);
  for (const RaftNode node : {kA, kB}) Put(node, Entry(1, 2));
  Ok(oracle.Committed(kA, I(1)));
  Ok(oracle.HardState(kC, T(2), std::nullopt));
  Ok(oracle.Truncated(kC, I(1)));
  Put(kC, Entry(1, 2));
  Ok(oracle.Committed(kC, I(1)));
  Ok(oracle.Truncated(kC, I(1)));
  Ok(oracle.Appended(kC, Entry(1, 1, 9)));
  EXPECT_EQ(RuleOf(oracle.Applied(kC, I(1), T(1), 0)), "applied-differently");
}

TEST_F(RaftOracleTest, EntriesAreAppliedAgainAfterARestartWithTheSameResult) {
  CommitOne();
  Ok(oracle.Applied(kA, I(1), T(1), 50));
  Restart(kA, {.term = T(1), .vote = kA, .entries = {Entry(1, 1)}});
  Ok(oracle.Committed(kA, I(1)));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kA, I(1), T(1), 51)), "replica-diverged");
  Ok(oracle.Applied(kA, I(1), T(1), 50));
  oracle.Stopped(kC);
  EXPECT_EQ(RuleOf(oracle.Started(kC, {.applied = I(1)})), "applied-uncommitted");
}

TEST_F(RaftOracleTest, DurableEntriesAreThereAfterARestart) {
  Elect(kA, kB, 1);
  Put(kA, Entry(1, 1));
  Ok(oracle.Appended(kA, Entry(2, 1)));
  oracle.Stopped(kA);
  const RaftRecovery none = {.term = T(1), .vote = kA};
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, none)), "durable-entry-lost");
  RaftRecovery one = none;
  one.entries = {Entry(1, 1)};
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, one)), "none");
  RaftRecovery changed = none;
  changed.entries = {Entry(1, 1, 8)};
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, changed)), "log-matching");
  RaftRecovery both = one;
  both.entries.push_back(Entry(2, 1));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, both)), "none");
  both.entries.push_back(Entry(3, 1));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, both)), "entry-from-nobody");
}

// A snapshot takes the place of a log that does not hold its last entry, and of that alone.
TEST_F(RaftOracleTest, ACrashJustAfterAnInstallMayTakeWhatStoodBehind) {
  Elect(kC, kB, 1);
  Put(kC, Entry(1, 1));
  Put(kC, Entry(2, 1));
  RaftOracle agreeing = oracle;
  Elect(kA, kB, 2);
  Put(kA, Entry(1, 2));
  Put(kB, Entry(1, 2));
  Ok(oracle.AcknowledgementSent(kB, T(2), I(1)));
  Ok(oracle.Committed(kA, I(1)));
  oracle.Stopped(kC);
  const RaftBase other = {.index = I(1), .term = T(2), .configuration = kThree};
  Ok(oracle.Started(kC, {.term = T(1), .vote = kC, .base = other, .applied = I(1)}));

  EXPECT_EQ(RuleOf(agreeing.Appended(kB, Entry(1, 1))), "none");
  EXPECT_EQ(RuleOf(agreeing.Durable(kB, I(1))), "none");
  EXPECT_EQ(RuleOf(agreeing.Committed(kC, I(1))), "none");
  agreeing.Stopped(kC);
  const RaftBase same = {.index = I(1), .term = T(1), .configuration = kThree};
  EXPECT_EQ(RuleOf(agreeing.Started(kC, {.term = T(1), .vote = kC, .base = same, .applied = I(1)})),
            "durable-entry-lost");
}

TEST_F(RaftOracleTest, CommittedEntriesStayOnAMajority) {
  CommitOne();
  RaftOracle other = oracle;
  other.Stopped(kB);
  EXPECT_EQ(RuleOf(other.Started(kB, {.term = T(1), .vote = kA})), "durable-entry-lost");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Truncated(kB, I(1))), "committed-entry-lost");
  Follow(kC, Entry(1, 1), 1);
  Ok(oracle.Truncated(kB, I(1)));
}

RaftEntry Lost(std::uint64_t index, std::uint64_t term) {
  return {.index = I(index), .term = T(term), .is_lost = true};
}

// It still speaks for the majority that has it, for its node votes by it; acknowledged it is not.
TEST_F(RaftOracleTest, ALostEntryIsHeldAndNotAcknowledged) {
  CommitOne();
  oracle.Stopped(kB);
  EXPECT_EQ(
      RuleOf(RaftOracle(oracle).Started(kB, {.term = T(1), .vote = kA, .entries = {Lost(1, 2)}})),
      "entry-from-nobody");
  EXPECT_EQ(
      RuleOf(RaftOracle(oracle).Started(kB, {.term = T(1), .vote = kA, .entries = {Lost(1, 1)}})),
      "durable-entry-lost")
      << "nothing was damaged";
  Ok(oracle.Started(kB, {.term = T(1), .vote = kA, .entries = {Lost(1, 1)}, .is_damaged = true}));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).AcknowledgementSent(kB, T(1), I(1))), "ack-not-durable");
  Ok(oracle.Durable(kB, I(1)));
  Ok(oracle.AcknowledgementSent(kB, T(1), I(1)));
}

TEST_F(RaftOracleTest, NothingIsAppliedWithoutAState) {
  CommitOne();
  Put(kA, Entry(2, 1));
  Ok(oracle.Applied(kA, I(1), T(1), 50));
  Put(kB, Entry(2, 1));
  Ok(oracle.AcknowledgementSent(kB, T(1), I(2)));
  Ok(oracle.Committed(kA, I(2)));
  oracle.Stopped(kB);
  const RaftBase base = {.index = I(1), .term = T(1), .configuration = kThree};
  Ok(oracle.Started(kB, {.term = T(1),
                         .vote = kA,
                         .base = base,
                         .entries = {Entry(2, 1)},
                         .applied = I(1),
                         .is_state_lost = true}));
  Ok(oracle.Committed(kB, I(2)));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Applied(kB, I(2), T(1), 51)), "applied-without-state");
  Ok(oracle.SnapshotInstalled(kB, base, 50));
  Ok(oracle.Applied(kB, I(2), T(1), 51));
}

TEST_F(RaftOracleTest, SnapshotsAreOfWhatIsCommitted) {
  CommitOne();
  Put(kA, Entry(2, 1));
  Ok(oracle.Applied(kA, I(1), T(1), 50));
  const RaftBase base = {.index = I(1), .term = T(1), .configuration = kThree};
  EXPECT_EQ(RuleOf(RaftOracle(oracle).SnapshotInstalled(
                kC, {.index = I(2), .term = T(1), .configuration = kThree}, 50)),
            "snapshot-uncommitted");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).SnapshotInstalled(
                kC, {.index = I(1), .term = T(2), .configuration = kThree}, 50)),
            "snapshot-uncommitted");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).SnapshotInstalled(kC, base, 51)), "replica-diverged");
  Ok(oracle.SnapshotInstalled(kC, base, 50));
  Put(kC, Entry(2, 1));
  EXPECT_EQ(RuleOf(RaftOracle(oracle).SnapshotInstalled(
                kC, {.index = {}, .term = {}, .configuration = kThree}, 0)),
            "apply-order");
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Compacted(kA, I(2))), "compacted-unapplied");
  Ok(oracle.Compacted(kA, I(1)));
  Ok(oracle.Committed(kA, I(2)));
  // It keeps what is behind it, and comes back with it.
  Restart(kC, {.base = base, .entries = {Entry(2, 1)}, .applied = I(1)});
  Ok(oracle.Committed(kC, I(2)));
  Ok(oracle.Applied(kC, I(2), T(1), 60));
}

TEST_F(RaftOracleTest, JoinedConfigurationsNeedBothMajorities) {
  Elect(kA, kB, 1);
  Ok(oracle.Started(kD, {}));
  RaftEntry joint = Entry(1, 1);
  joint.configuration = RaftConfiguration{.voters = {kA, kC, kD}, .outgoing = {kA, kB, kC}};
  Put(kA, joint);
  Put(kB, joint);
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(1))), "commit-without-quorum")
      << "two of the old, one of the new";
  RaftOracle other = oracle;
  Ok(other.Appended(kD, joint));
  Ok(other.Durable(kD, I(1)));
  Ok(other.Committed(kA, I(1)));
  // The next one needs the new majority alone.
  RaftEntry last = Entry(2, 1);
  last.configuration = RaftConfiguration{.voters = {kA, kC, kD}};
  for (const RaftNode node : {kA, kD}) {
    Ok(other.Appended(node, last));
    EXPECT_EQ(RuleOf(RaftOracle(other).Committed(kA, I(2))), "commit-without-quorum");
    Ok(other.Durable(node, I(2)));
  }
  Ok(other.Committed(kA, I(2)));
}

// Half of an even number is no majority.
TEST_F(RaftOracleTest, MajoritiesAreMoreThanHalf) {
  Elect(kA, kB, 1);
  Ok(oracle.Started(kD, {}));
  RaftEntry four = Entry(1, 1);
  four.configuration = RaftConfiguration{.voters = {kA, kB, kC, kD}};
  for (const RaftNode node : {kA, kB}) Put(node, four);
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(1))), "commit-without-quorum");
  Put(kD, four);
  Ok(oracle.Committed(kA, I(1)));
}

TEST_F(RaftOracleTest, JoinedConfigurationsNeedTheOldMajorityToo) {
  Elect(kA, kB, 1);
  Ok(oracle.Started(kD, {}));
  RaftEntry joint = Entry(1, 1);
  joint.configuration = RaftConfiguration{.voters = {kA, kD}, .outgoing = {kA, kB, kC}};
  for (const RaftNode node : {kA, kD}) Put(node, joint);
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(1))), "commit-without-quorum");
  Put(kC, joint);
  Ok(oracle.Committed(kA, I(1)));
}

TEST_F(RaftOracleTest, SnapshotsAreOfTheEntryThatWasCommitted) {
  Elect(kC, kB, 1);
  Put(kC, Entry(1, 1));
  Elect(kA, kB, 2);
  for (const RaftNode node : {kA, kB}) Put(node, Entry(1, 2));
  Ok(oracle.Committed(kA, I(1)));
  Ok(oracle.HardState(kC, T(2), std::nullopt));
  const auto install = [&](RaftTerm term) {
    return RaftOracle(oracle).SnapshotInstalled(
        kC, {.index = I(1), .term = term, .configuration = kThree}, 50);
  };
  EXPECT_EQ(RuleOf(install(T(1))), "snapshot-uncommitted");
  EXPECT_EQ(RuleOf(install(T(2))), "none");
}

TEST_F(RaftOracleTest, ASnapshotLeavesWhatIsBehindIt) {
  CommitOne();
  Put(kA, Entry(2, 1));
  Put(kB, Entry(2, 1));
  Ok(oracle.SnapshotInstalled(kB, {.index = I(1), .term = T(1), .configuration = kThree}, 50));
  Ok(oracle.Committed(kA, I(2)));
  Ok(oracle.Committed(kB, I(2)));
}

TEST_F(RaftOracleTest, StatesAreOfWhatIsCommitted) {
  CommitOne();
  Put(kA, Entry(2, 1));
  oracle.Stopped(kA);
  RaftRecovery found = {.term = T(1), .vote = kA, .entries = {Entry(1, 1), Entry(2, 1)}};
  found.applied = I(2);
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Started(kA, found)), "applied-uncommitted");
  found.applied = I(1);
  Ok(oracle.Started(kA, found));
}

// A configuration counts from its append on, and no more once it is cut away.
TEST_F(RaftOracleTest, ACutConfigurationIsForgotten) {
  Elect(kA, kB, 1);
  RaftEntry alone = Entry(1, 1);
  alone.configuration = RaftConfiguration{.voters = {kA}};
  Put(kA, alone);
  EXPECT_EQ(RuleOf(RaftOracle(oracle).Committed(kA, I(1))), "none");
  Elect(kB, kC, 2);
  Put(kB, Entry(1, 2));
  Ok(oracle.HardState(kA, T(2), std::nullopt));
  Ok(oracle.Truncated(kA, I(1)));
  Elect(kA, kC, 3);
  Put(kA, Entry(1, 3));
  EXPECT_EQ(RuleOf(oracle.Committed(kA, I(1))), "commit-without-quorum");
}

}  // namespace
}  // namespace beach::oracle
