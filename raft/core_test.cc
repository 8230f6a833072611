// SPDX-License-Identifier: Apache-2.0
#include "raft/core.h"

#include <gtest/gtest.h>

#include <algorithm>

// One core by itself: what it does not take, where its limits are, and when it wants to be woken.
// How cores work together is in testdata/.

namespace beach::raft {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kStart = 1000 * kMillisecond;

class CoreTest : public ::testing::Test {
 protected:
  void Make(std::uint64_t voters, Options with = {}) {
    with.id = NodeId(1);
    with.cluster = ClusterId(7);
    Restored restored;
    for (std::uint64_t i = 1; i <= voters; ++i) restored.configuration.voters.emplace_back(i);
    core.emplace(with, std::move(restored), kStart);
    now_ns = kStart;
  }
  // Takes output, and does what the disk is told.
  const Output& Take() {
    core->TakeOutput(now_ns, output);
    if (output.persist.id != PersistId{}) core->Persisted(now_ns, output.persist.id);
    return output;
  }
  void Say(NodeId from, Term term, Body body, ClusterId cluster = ClusterId(7)) {
    core->Step(
        now_ns,
        {.cluster = cluster, .from = from, .to = NodeId(1), .term = term, .body = std::move(body)});
  }
  void Elect() {
    now_ns = core->NextDeadlineNs();
    core->Tick(now_ns);
    Take();
    for (const Message& message : output.messages) {
      const auto* const ask = std::get_if<PreVote>(&message.body);
      if (ask == nullptr) continue;
      Say(message.to, Term(0), PreVoteReply{.round = ask->round, .granted = true});
    }
    Take();
    Take();
    Say(NodeId(2), Term(1), VoteReply{.granted = true});
    Say(NodeId(3), Term(1), VoteReply{.granted = true});
    Take();
    ASSERT_EQ(core->role(), Role::kLeader);
  }
  void AcknowledgeAll() {
    Take();
    const AppendReply reply{
        .accepted = true, .matched = core->log().last(), .previous = {}, .hint = {}};
    Say(NodeId(2), core->term(), reply);
    Say(NodeId(3), core->term(), reply);
    Take();
    while (!output.apply.empty()) {
      core->Applied(now_ns, output.apply.back().index);
      Take();
    }
  }
  bool Ignored() const {
    return std::ranges::any_of(
        output.events, [](const Event& event) { return event.kind == EventKind::kMessageIgnored; });
  }
  static Entry EntryOf(std::uint64_t term, std::uint64_t index) {
    return {
        .term = Term(term), .index = LogIndex(index), .kind = EntryKind::kNormal, .payload = {}};
  }
  static Append AppendOf(std::vector<Entry> entries) {
    return {.previous = {}, .previous_term = {}, .commit = {}, .entries = std::move(entries)};
  }

  std::optional<Core> core;
  Output output;
  std::uint64_t now_ns = kStart;
};

TEST_F(CoreTest, HearsNoOtherCluster) {
  Make(3);
  Say(NodeId(2), Term(9), Heartbeat{}, ClusterId(8));
  Take();
  EXPECT_TRUE(Ignored());
  EXPECT_EQ(core->term(), Term(0));
  EXPECT_EQ(core->leader(), NodeId(0));
}

TEST_F(CoreTest, TakesNoEntriesThatCannotBe) {
  Make(3);
  Entry garbage = EntryOf(1, 1);
  garbage.kind = EntryKind::kConfiguration;
  garbage.payload = Payload::Copy("garbage");
  const std::vector<std::vector<Entry>> wrong = {
      {EntryOf(1, 2)},                 // a gap
      {EntryOf(2, 1), EntryOf(1, 2)},  // a term that falls
      {EntryOf(4, 1)},                 // above the sender's own
      {garbage}};
  for (const std::vector<Entry>& entries : wrong) {
    Say(NodeId(2), Term(3), AppendOf(entries));
    Take();
    EXPECT_TRUE(Ignored());
    EXPECT_EQ(core->log().last(), LogIndex(0));
    EXPECT_TRUE(output.messages.empty());
  }
  Say(NodeId(2), Term(3), AppendOf({EntryOf(1, 1), EntryOf(3, 2)}));
  EXPECT_EQ(core->log().last(), LogIndex(2));
}

TEST_F(CoreTest, TakesNothingThatContradictsWhatIsCommitted) {
  Make(3);
  Append first = AppendOf({EntryOf(1, 1)});
  first.commit = LogIndex(1);
  Say(NodeId(2), Term(1), first);
  Take();
  Say(NodeId(3), Term(2), AppendOf({EntryOf(2, 1)}));
  Take();
  EXPECT_TRUE(Ignored());
  EXPECT_EQ(core->log().TermAt(LogIndex(1)), Term(1));
}

TEST_F(CoreTest, ALeaderHearsNoOtherLeaderOfItsTermAndNoAnswerBeyondItsLog) {
  Make(3);
  Elect();
  Say(NodeId(2), Term(1), Heartbeat{});
  Say(NodeId(2), Term(1),
      AppendReply{.accepted = true, .matched = LogIndex(99), .previous = {}, .hint = {}});
  Say(NodeId(3), Term(1),
      AppendReply{.accepted = true, .matched = LogIndex(99), .previous = {}, .hint = {}});
  Take();
  EXPECT_TRUE(Ignored());
  EXPECT_EQ(core->role(), Role::kLeader);
  EXPECT_EQ(core->commit(), LogIndex(0));
}

TEST_F(CoreTest, HeartbeatsDoNotDriftWithTheWakesThatAreLate) {
  Make(3);
  Elect();
  const std::uint64_t due_ns = core->NextDeadlineNs();
  const std::uint64_t interval_ns = core->options().heartbeat_interval_ns;
  now_ns = due_ns + 7 * kMillisecond;
  core->Tick(now_ns);
  EXPECT_EQ(core->NextDeadlineNs(), due_ns + interval_ns);
  now_ns = due_ns + 3 * interval_ns + kMillisecond;
  core->Tick(now_ns);
  EXPECT_EQ(core->NextDeadlineNs(), now_ns + interval_ns) << "what was missed is not made up for";
}

TEST_F(CoreTest, TimeoutsAreDrawnAnewAndDifferBetweenNodes) {
  std::vector<std::uint64_t> drawn;
  for (std::uint64_t key = 1; key <= 3; ++key) {
    Options options;
    options.random_key = key;
    Make(3, options);
    for (int attempt = 0; attempt < 3; ++attempt) {
      const std::uint64_t wait_ns = core->NextDeadlineNs() - now_ns;
      EXPECT_GE(wait_ns, options.election_timeout_ns);
      EXPECT_LT(wait_ns, 2 * options.election_timeout_ns);
      drawn.push_back(wait_ns);
      now_ns = core->NextDeadlineNs();
      core->Tick(now_ns);
    }
  }
  std::ranges::sort(drawn);
  EXPECT_EQ(std::ranges::adjacent_find(drawn), drawn.end());
}

TEST_F(CoreTest, ProposalsAreRefusedWithTheReason) {
  Options options;
  options.payload_bytes_max = 10;
  options.proposals_max = 2;
  Make(3, options);
  const Payload word = Payload::Copy("word");
  EXPECT_EQ(core->Propose(now_ns, word, RequestId(1)).error(), ProposeError::kNotLeader);
  Elect();
  EXPECT_EQ(core->Propose(now_ns, Payload::Copy("eleven bytes"), RequestId(1)).error(),
            ProposeError::kTooLarge);
  EXPECT_FALSE(RetryMayHelp(ProposeError::kTooLarge));
  EXPECT_EQ(core->ProposeConfiguration(now_ns, {}, ChangeMode::kSimple, RequestId(1)).error(),
            ProposeError::kNotReady);
  AcknowledgeAll();
  EXPECT_EQ(core->ProposeConfiguration(now_ns, {}, ChangeMode::kSimple, RequestId(1)).error(),
            ProposeError::kInvalidChange);
  EXPECT_TRUE(core->Propose(now_ns, word, RequestId(1)));
  EXPECT_TRUE(core->Propose(now_ns, word, RequestId(2)));
  EXPECT_EQ(core->Propose(now_ns, word, RequestId(3)).error(), ProposeError::kOverloaded);
  AcknowledgeAll();
  EXPECT_TRUE(core->Propose(now_ns, word, RequestId(3)));
  const Change add[] = {{ChangeKind::kAddVoter, NodeId(4)}};
  EXPECT_TRUE(core->ProposeConfiguration(now_ns, add, ChangeMode::kSimple, RequestId(4)));
  EXPECT_EQ(core->ProposeConfiguration(now_ns, add, ChangeMode::kSimple, RequestId(5)).error(),
            ProposeError::kOverloaded)
      << "two are open again";
}

TEST_F(CoreTest, AProposalNobodyCanSettleIsUnknownAfterItsTime) {
  Options options;
  options.proposal_timeout_ns = 500 * kMillisecond;
  Make(3, options);
  Elect();
  EXPECT_TRUE(core->Propose(now_ns, {}, RequestId(8)));
  now_ns += 499 * kMillisecond;
  core->Tick(now_ns);
  EXPECT_TRUE(Take().fates.empty());
  now_ns += kMillisecond;
  core->Tick(now_ns);
  Take();
  ASSERT_EQ(output.fates.size(), 1U);
  EXPECT_EQ(output.fates[0].fate, Fate::kUnknown);
  EXPECT_FALSE(RetryIsSafe(Fate::kUnknown));
}

TEST_F(CoreTest, ReadsHaveALimit) {
  Options options;
  options.reads_max = 2;
  Make(3, options);
  EXPECT_EQ(core->Read(now_ns, ReadContext(1), ReadMode::kRound).error(), ReadError::kNoLeader);
  Elect();
  EXPECT_TRUE(core->Read(now_ns, ReadContext(1), ReadMode::kRound));
  EXPECT_TRUE(core->Read(now_ns, ReadContext(2), ReadMode::kRound));
  EXPECT_EQ(core->Read(now_ns, ReadContext(3), ReadMode::kRound).error(), ReadError::kOverloaded);
}

TEST_F(CoreTest, AForwardedReadThatIsNotAnsweredEnds) {
  Make(3);
  Say(NodeId(2), Term(1), Heartbeat{});
  EXPECT_TRUE(core->Read(now_ns, ReadContext(5), ReadMode::kRound));
  EXPECT_LE(core->NextDeadlineNs(), now_ns + core->options().election_timeout_ns);
  now_ns += core->options().election_timeout_ns;
  Say(NodeId(2), Term(1), Heartbeat{});
  core->Tick(now_ns);
  Take();
  ASSERT_EQ(output.reads.size(), 1U);
  EXPECT_EQ(output.reads[0].error, ReadError::kUnanswered);
}

TEST_F(CoreTest, HeldMessagesHaveALimit) {
  Options options;
  options.held_messages_max = 3;
  Make(3, options);
  for (std::uint64_t i = 1; i <= 10; ++i) {
    Say(NodeId(2), Term(1),
        Append{.previous = LogIndex(i - 1),
               .previous_term = Term(i == 1 ? 0 : 1),
               .commit = {},
               .entries = {EntryOf(1, i)}});
  }
  EXPECT_EQ(core->held_messages(), 3U);
  core->TakeOutput(now_ns, output);
  EXPECT_TRUE(output.messages.empty());
  core->Persisted(now_ns, output.persist.id);
  core->TakeOutput(now_ns, output);
  EXPECT_EQ(output.messages.size(), 3U);
}

TEST_F(CoreTest, WhatABatchOfInputsBringsLeavesInOneMessage) {
  Make(3);
  Elect();
  AcknowledgeAll();
  for (std::uint64_t i = 1; i <= 100; ++i) {
    ASSERT_TRUE(core->Propose(now_ns, Payload::Copy("x"), RequestId(i)));
  }
  core->TakeOutput(now_ns, output);
  EXPECT_EQ(output.messages.size(), 2U);
  EXPECT_EQ(output.persist.entries.size(), 100U);
}

TEST_F(CoreTest, ApplyIsHandedOutAsFarAsItKeepsUp) {
  Options options;
  options.apply_bytes_max = 3 * kEntryOverhead;
  options.apply_count_max = 2;
  Make(1, options);
  now_ns = core->NextDeadlineNs();
  core->Tick(now_ns);
  std::uint64_t handed = 0;
  const auto take = [&] {
    for (int i = 0; i < 10; ++i) {
      EXPECT_LE(Take().apply.size(), 2U);
      handed += output.apply.size();
    }
  };
  take();
  EXPECT_EQ(handed, 1U) << "the no-op";
  for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(core->Propose(now_ns, {}, RequestId(i)));
  take();
  EXPECT_EQ(handed, 3U);
  core->Applied(now_ns, LogIndex(2));
  take();
  EXPECT_EQ(handed, 5U);
}

TEST_F(CoreTest, WordOfASnapshotThatNobodyWaitsForIsIgnored) {
  Make(3);
  Elect();
  AcknowledgeAll();
  core->SnapshotSent(NodeId(2), SnapshotId(1));
  core->SnapshotFailed(NodeId(2), SnapshotId(1));
  Say(NodeId(2), Term(1),
      InstallSnapshotReply{.id = SnapshotId(3), .kind = {}, .index = LogIndex(1)});
  EXPECT_FALSE(core->SnapshotReceived(now_ns, NodeId(2), SnapshotId(1)));
  for (const Progress& peer : core->progress()) {
    EXPECT_EQ(peer.state, ProgressState::kReplicate);
  }
}

TEST_F(CoreTest, WordOfAnEarlierTransferIsNotOfThisOne) {
  Make(3);
  Elect();
  AcknowledgeAll();
  core->Compacted(LogIndex(1));
  ASSERT_TRUE(core->Propose(now_ns, {}, RequestId(1)));
  const Change learner[] = {{ChangeKind::kAddLearner, NodeId(4)}};
  ASSERT_TRUE(core->ProposeConfiguration(now_ns, learner, ChangeMode::kSimple, RequestId(2)));
  Take();
  Say(NodeId(4), Term(1),
      AppendReply{.accepted = false, .matched = {}, .previous = LogIndex(2), .hint = {}});
  Take();
  ASSERT_EQ(output.snapshots_to_send.size(), 1U);
  const SnapshotId first = output.snapshots_to_send[0].id;
  const auto node4 = [&]() -> const Progress& { return core->progress()[3]; };
  core->SnapshotFailed(NodeId(4), first);
  EXPECT_EQ(node4().state, ProgressState::kProbe);
  EXPECT_TRUE(Take().snapshots_to_send.empty()) << "it waits until node 4 is heard of";
  now_ns = core->NextDeadlineNs();
  core->Tick(now_ns);
  for (const Message& message : Take().messages) {
    const auto* const heartbeat = std::get_if<Heartbeat>(&message.body);
    if (heartbeat == nullptr || message.to != NodeId(4)) continue;
    Say(NodeId(4), Term(1), HeartbeatReply{.round = heartbeat->round});
    break;
  }
  Take();
  ASSERT_EQ(output.snapshots_to_send.size(), 1U);
  EXPECT_NE(output.snapshots_to_send[0].id, first);
  core->SnapshotFailed(NodeId(4), first);
  core->SnapshotSent(NodeId(4), first);
  Say(NodeId(4), Term(1),
      InstallSnapshotReply{.id = first, .kind = SnapshotReplyKind::kRefused, .index = {}});
  EXPECT_EQ(node4().state, ProgressState::kSnapshot);
  EXPECT_FALSE(node4().snapshot_delivered);
}

TEST_F(CoreTest, LoadedEntriesThatWereOverwrittenSinceAreAskedForAgain) {
  Options options;
  options.tail_bytes_max = 0;
  Make(3, options);
  Elect();
  Say(NodeId(2), Term(1),
      AppendReply{.accepted = true, .matched = LogIndex(1), .previous = {}, .hint = {}});
  Take();
  core->Applied(now_ns, LogIndex(1));
  now_ns = core->NextDeadlineNs();
  core->Tick(now_ns);
  Take();
  Say(NodeId(3), Term(1), HeartbeatReply{.round = RoundId(1)});
  Take();
  ASSERT_EQ(output.loads.size(), 1U);
  EXPECT_EQ(output.loads[0].first, LogIndex(1));
  core->Loaded(now_ns, NodeId(3), LogIndex(1), {EntryOf(9, 1)});
  Take();
  EXPECT_TRUE(output.messages.empty());
  core->Loaded(now_ns, NodeId(2), LogIndex(1), {EntryOf(1, 1)});
  EXPECT_TRUE(Take().messages.empty()) << "node 2 has asked for nothing";
  now_ns = core->NextDeadlineNs();
  core->Tick(now_ns);
  Say(NodeId(3), Term(1), HeartbeatReply{.round = RoundId(2)});
  Take();
  ASSERT_EQ(output.loads.size(), 1U);
  core->Loaded(now_ns, NodeId(3), LogIndex(1), {EntryOf(1, 1)});
  Take();
  ASSERT_EQ(output.messages.size(), 1U);
  EXPECT_EQ(std::get<Append>(output.messages[0].body).entries.size(), 1U);
}

TEST_F(CoreTest, ARestartComesBackToWhatIsOnDisk) {
  Options options;
  options.id = NodeId(1);
  options.incarnation = 3;
  Configuration two;
  two.voters = {NodeId(1), NodeId(2)};
  Entry change = EntryOf(4, 7);
  change.kind = EntryKind::kConfiguration;
  change.payload = Payload::Copy(EncodeConfiguration(two));
  Restored restored{.hard_state = {.term = Term(5), .vote = NodeId(2)},
                    .base = LogIndex(3),
                    .base_term = Term(1),
                    .applied = LogIndex(6),
                    .applied_terms = {{Term(1), 1}, {Term(3), 2}},
                    .entries = {change, EntryOf(4, 8)},
                    .configuration_index = {},
                    .configuration = {}};
  restored.configuration.voters = {NodeId(1)};
  core.emplace(options, std::move(restored), now_ns);
  EXPECT_EQ(core->term(), Term(5));
  EXPECT_EQ(core->vote(), NodeId(2));
  EXPECT_EQ(core->log().last(), LogIndex(8));
  EXPECT_EQ(core->durable(), LogIndex(8));
  EXPECT_EQ(core->commit(), LogIndex(6));
  EXPECT_EQ(core->log().TermAt(LogIndex(4)), Term(1));
  EXPECT_EQ(core->log().TermAt(LogIndex(6)), Term(3));
  EXPECT_EQ(core->configuration(), two);
  EXPECT_EQ(core->configurations().At(LogIndex(6)).voters.size(), 1U);
  EXPECT_TRUE(Take().persist.id == PersistId{}) << "there is nothing new";
}

// A start knows of no more commits than the state has. What made this node a voter may be committed
// behind that, and with its vote; what removes it need not be.
TEST_F(CoreTest, CampaignsIfAnyConfigurationThatMayBeCommittedMakesItAVoter) {
  const auto entry = [](std::uint64_t index, std::vector<NodeId> voters) {
    Configuration configuration;
    configuration.voters = std::move(voters);
    return Entry{.term = Term(1),
                 .index = LogIndex(index),
                 .kind = EntryKind::kConfiguration,
                 .payload = Payload::Copy(EncodeConfiguration(configuration))};
  };
  Restored restored;
  restored.hard_state.term = Term(1);
  restored.configuration.voters = {NodeId(2)};
  restored.configuration.learners = {NodeId(1)};
  restored.entries = {entry(1, {NodeId(1), NodeId(2)}), entry(2, {NodeId(2)})};
  Options options;
  options.id = NodeId(1);
  options.cluster = ClusterId(7);
  core.emplace(options, std::move(restored), kStart);
  now_ns = core->NextDeadlineNs();
  core->Tick(now_ns);
  EXPECT_EQ(core->role(), Role::kPreCandidate);
}

}  // namespace
}  // namespace beach::raft
