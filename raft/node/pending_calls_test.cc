// SPDX-License-Identifier: Apache-2.0
#include "raft/node/pending_calls.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace beach::raft {
namespace {

constexpr std::uint64_t kLater = 1'000;

struct Calls {
  explicit Calls(const PendingLimits& limits = {}) : pending(limits) {}

  RequestId Propose(std::uint64_t deadline_ns = kLater) {
    return pending.AddProposal([this](const Outcome& outcome) { outcomes.push_back(outcome); },
                               deadline_ns);
  }
  ReadContext Read(std::uint64_t deadline_ns = kLater) {
    return pending.AddRead([this](std::optional<ReadError> error) { reads.push_back(error); },
                           deadline_ns);
  }
  void Committed(RequestId request, std::uint64_t index) {
    pending.Told(
        {.request = request, .fate = Fate::kCommitted, .index = LogIndex(index), .term = Term(1)});
  }

  PendingCalls pending;
  std::vector<Outcome> outcomes;
  std::vector<std::optional<ReadError>> reads;
};

TEST(PendingCalls, AreAnsweredWhenCommittedAndThenApplied) {
  Calls calls;
  const RequestId request = calls.Propose();
  calls.Committed(request, 3);
  calls.pending.Applied(LogIndex(2), "other");
  EXPECT_FALSE(calls.pending.ready());
  calls.pending.Applied(LogIndex(3), "mine");
  EXPECT_TRUE(calls.pending.ready());
  EXPECT_TRUE(calls.outcomes.empty()) << "nobody is answered but by Deliver";
  calls.pending.Deliver();
  ASSERT_EQ(calls.outcomes.size(), 1U);
  EXPECT_EQ(calls.outcomes[0].fate, Fate::kCommitted);
  EXPECT_EQ(calls.outcomes[0].index, LogIndex(3));
  EXPECT_EQ(calls.outcomes[0].answer, "mine");
  EXPECT_EQ(calls.pending.waiting(), 0U);
}

TEST(PendingCalls, FindTheirAnswerWhenTheirFateIsToldLate) {
  Calls calls;
  const RequestId request = calls.Propose();
  for (std::uint64_t index = 1; index <= 5; ++index) {
    calls.pending.Applied(LogIndex(index), std::to_string(index));
  }
  calls.Committed(request, 4);
  calls.pending.Deliver();
  ASSERT_EQ(calls.outcomes.size(), 1U);
  EXPECT_EQ(calls.outcomes[0].fate, Fate::kCommitted);
  EXPECT_EQ(calls.outcomes[0].answer, "4");
}

TEST(PendingCalls, AreUnknownWhenTheirAnswerIsNotKeptAnyMore) {
  for (const PendingLimits limits : {PendingLimits{.answers_max = 2, .answer_bytes_max = 1'000},
                                     PendingLimits{.answers_max = 100, .answer_bytes_max = 5}}) {
    Calls calls(limits);
    const RequestId old = calls.Propose();
    const RequestId recent = calls.Propose();
    for (std::uint64_t index = 1; index <= 4; ++index) {
      calls.pending.Applied(LogIndex(index), "ab");
    }
    calls.Committed(old, 1);
    calls.Committed(recent, 4);
    calls.pending.Deliver();
    ASSERT_EQ(calls.outcomes.size(), 2U);
    EXPECT_EQ(calls.outcomes[0].fate, Fate::kUnknown);
    EXPECT_EQ(calls.outcomes[1].fate, Fate::kCommitted);
    EXPECT_EQ(calls.outcomes[1].answer, "ab");
  }
}

TEST(PendingCalls, PassOnEveryOtherFateAtOnce) {
  Calls calls;
  const RequestId refused = calls.Propose();
  const RequestId lost = calls.Propose();
  const RequestId unknown = calls.Propose();
  calls.pending.Refused(refused, ProposeError::kOverloaded);
  calls.pending.Told({.request = lost, .fate = Fate::kLost});
  calls.pending.Told({.request = unknown, .fate = Fate::kUnknown});
  calls.pending.Told({.request = unknown, .fate = Fate::kLost});  // it is answered already
  calls.pending.Deliver();
  ASSERT_EQ(calls.outcomes.size(), 3U);
  EXPECT_EQ(calls.outcomes[0].fate, Fate::kRefused);
  EXPECT_EQ(calls.outcomes[0].error, ProposeError::kOverloaded);
  EXPECT_EQ(calls.outcomes[1].fate, Fate::kLost);
  EXPECT_EQ(calls.outcomes[2].fate, Fate::kUnknown);
}

TEST(PendingCalls, EndAtTheirDeadline) {
  Calls calls;
  calls.Propose(10);
  const RequestId committed = calls.Propose(10);
  const RequestId later = calls.Propose(11);
  calls.Read(10);
  const ReadContext granted = calls.Read(11);
  calls.Committed(committed, 7);
  calls.Committed(later, 8);
  calls.pending.Expire(10);
  calls.pending.Deliver();
  ASSERT_EQ(calls.outcomes.size(), 2U);
  EXPECT_EQ(calls.outcomes[0].fate, Fate::kUnknown);
  EXPECT_EQ(calls.outcomes[1].fate, Fate::kUnknown);
  ASSERT_EQ(calls.reads.size(), 1U);
  EXPECT_EQ(calls.reads[0], ReadError::kUnanswered);
  calls.pending.Applied(LogIndex(7), "nobody waits for it");
  calls.pending.Applied(LogIndex(8), "late");
  calls.pending.ReadAnswered(granted, std::nullopt);
  calls.pending.Deliver();
  ASSERT_EQ(calls.outcomes.size(), 3U);
  EXPECT_EQ(calls.outcomes[2].answer, "late");
  ASSERT_EQ(calls.reads.size(), 2U);
  EXPECT_EQ(calls.reads[1], std::nullopt);
}

TEST(PendingCalls, AreUnknownWhenASnapshotPassesThem) {
  Calls calls;
  const RequestId passed = calls.Propose();
  const RequestId above = calls.Propose();
  calls.Committed(passed, 5);
  calls.Committed(above, 6);
  calls.pending.Installed(LogIndex(5));
  calls.pending.Applied(LogIndex(6), "six");
  calls.pending.Deliver();
  ASSERT_EQ(calls.outcomes.size(), 2U);
  EXPECT_EQ(calls.outcomes[0].fate, Fate::kUnknown);
  EXPECT_EQ(calls.outcomes[1].answer, "six");
}

TEST(PendingCalls, AreAllAnsweredWhenTheNodeGivesUp) {
  Calls calls;
  calls.Propose();
  calls.Read();
  calls.pending.GiveUp();
  calls.pending.Deliver();
  EXPECT_EQ(calls.outcomes.size(), 1U);
  EXPECT_EQ(calls.reads.size(), 1U);
  EXPECT_EQ(calls.pending.waiting(), 0U);
}

TEST(PendingCalls, MayCallAgainFromAnAnswer) {
  PendingCalls pending{PendingLimits{}};
  int answered = 0;
  const RequestId first = pending.AddProposal(
      [&](const Outcome&) {
        ++answered;
        const RequestId second = pending.AddProposal([&](const Outcome&) { ++answered; }, kLater);
        pending.Refused(second, ProposeError::kNotLeader);
      },
      kLater);
  pending.Refused(first, ProposeError::kNotLeader);
  pending.Deliver();
  EXPECT_EQ(answered, 1);
  pending.Deliver();
  EXPECT_EQ(answered, 2);
}

}  // namespace
}  // namespace beach::raft
