// SPDX-License-Identifier: Apache-2.0
// Random histories on replicas that go different ways: entries in other pieces, with and without
// leave to block, flushes, crashes. All of them, and a model of maps, say and hold the same.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "server/machine/testing/machine_fixture.h"
#include "server/machine/testing/random_history.h"
#include "server/machine/testing/reluctant_db.h"

namespace beach::server::testing {
namespace {

// One history, on files of its own.
class Trial {
 public:
  struct Outcome {
    std::map<std::uint64_t, std::uint64_t> digests;  // by index, where one was looked at
    std::map<Bytes, Bytes> live;
    std::uint64_t content = 0;
    std::uint64_t sequence = 0;
    std::uint64_t time_ms = 0;
  };

  // One by one, and no more than that.
  void Straight(const History& history, Outcome& outcome) {
    Node node(Environment(), "straight");
    node.Open();
    for (std::size_t i = 0; i < history.entries.size(); ++i) {
      std::vector<Bytes> answers;
      ASSERT_EQ(*node.machine().Apply(std::span(&history.entries[i], 1), true, answers), 1U);
      ASSERT_EQ(Printable(answers[0], 500), Printable(history.answers[i], 500))
          << "to entry " << i + 1;
      ASSERT_NO_FATAL_FAILURE(Look(node.machine(), outcome));
    }
    End(node, outcome);
  }

  // With everything that may happen to a replica meanwhile.
  void Astray(const History& history, RandomStream& stream, Outcome& outcome) {
    Node node(Environment(), "astray");
    const auto open = [&] {
      node.Open([&](std::unique_ptr<engine::Db> db) {
        return std::make_unique<ReluctantDb>(std::move(db), stream, 20);
      });
    };
    open();
    std::uint64_t applied = 0;
    while (applied < history.entries.size()) {
      if (stream.Chance(1, 12)) {
        ASSERT_TRUE(node.db().Flush());
        ASSERT_EQ(node.machine().durable().index.value, applied);
      }
      if (stream.Chance(1, 20)) {
        open();
        ASSERT_LE(node.machine().durable().index.value, applied);
        applied = node.machine().durable().index.value;
        ASSERT_EQ(node.machine().digest().index.value, applied);
      }
      const std::uint64_t left = history.entries.size() - applied;
      const std::uint64_t count = 1 + stream.Below(std::min<std::uint64_t>(left, 30));
      const auto some = std::span(history.entries).subspan(applied, count);
      const bool may_block = stream.Chance(1, 3);
      std::vector<Bytes> answers;
      const auto done = node.machine().Apply(some, may_block, answers);
      ASSERT_TRUE(done) << done.error().ToString();
      ASSERT_EQ(answers.size(), *done);
      for (std::size_t i = 0; i < *done; ++i) {
        ASSERT_EQ(Printable(answers[i], 500), Printable(history.answers[applied + i], 500))
            << "to entry " << applied + i + 1;
      }
      applied += *done;
      ASSERT_NO_FATAL_FAILURE(Look(node.machine(), outcome));
    }
    End(node, outcome);
  }

 private:
  env::Env Environment() { return {.files = &files_, .clock = &clock_, .events = &events_}; }

  static void Look(Machine& machine, Outcome& outcome) {
    const DigestAt at = machine.digest();
    const auto [known, first] = outcome.digests.emplace(at.index.value, at.digest);
    ASSERT_EQ(known->second, at.digest) << "of entry " << at.index.value;
    for (const DigestAt& kept : machine.RecentDigests()) {
      const auto [old, added] = outcome.digests.emplace(kept.index.value, kept.digest);
      ASSERT_EQ(old->second, kept.digest) << "of entry " << kept.index.value;
    }
  }
  static void End(Node& node, Outcome& outcome) {
    outcome.live = node.Live();
    outcome.content = *node.machine().ContentDigest();
    outcome.sequence = node.db().VisibleSequence().value;
    outcome.time_ms = node.machine().time_ms();
  }

  engine::testing::MemoryFiles files_;
  engine::StoppedClock clock_;
  engine::EventList events_;
};

// What the histories came to.
struct Seen {
  std::map<AnswerKind, std::uint64_t> kinds;
  std::uint64_t retries = 0;  // that were answered
  std::uint64_t long_retries = 0;
};
void Count(const History& history, Seen& seen) {
  for (std::size_t i = 0; i < history.answers.size(); ++i) {
    const auto answer = DecodeAnswer(history.answers[i]);
    if (!answer) continue;
    ++seen.kinds[answer->kind];
    if (answer->index > i) continue;  // its own
    ++seen.retries;
    if (history.answers[i].size() > Sessions::kAnswerKeptMax) ++seen.long_retries;
  }
}

std::uint64_t SeedsWanted() {
  const char* const wanted = std::getenv("MACHINE_SEEDS");
  return wanted == nullptr ? 40 : std::strtoull(wanted, nullptr, 10);
}

TEST(Random, ReplicasAndTheModelAgree) {
  const char* const one = std::getenv("MACHINE_SEED");
  const std::uint64_t first = one == nullptr ? 0 : std::strtoull(one, nullptr, 10);
  const std::uint64_t seeds = one == nullptr ? SeedsWanted() : 1;
  Seen seen;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("MACHINE_SEED=" + std::to_string(seed));
    RandomStream stream(seed);
    const std::uint64_t count = 100 + stream.Below(300);
    const History history = DrawHistory(stream, count, kSmallLimits);
    Trial trial;
    Trial::Outcome straight;
    ASSERT_NO_FATAL_FAILURE(trial.Straight(history, straight));
    EXPECT_EQ(straight.live, history.live);
    EXPECT_EQ(straight.time_ms, history.time_ms);
    Trial::Outcome astray;
    astray.digests = straight.digests;
    ASSERT_NO_FATAL_FAILURE(trial.Astray(history, stream, astray));
    EXPECT_EQ(astray.live, history.live);
    EXPECT_EQ(astray.content, straight.content);
    EXPECT_EQ(astray.sequence, straight.sequence);
    EXPECT_EQ(astray.time_ms, straight.time_ms);
    if (::testing::Test::HasFailure()) return;
    Count(history, seen);
  }
  // Else it says nothing about these.
  if (one != nullptr) return;
  for (const auto kind : {AnswerKind::kDone, AnswerKind::kOtherwise, AnswerKind::kSessionGone,
                          AnswerKind::kForgotten, AnswerKind::kInvalid}) {
    EXPECT_GT(seen.kinds[kind], seeds) << static_cast<int>(kind);
  }
  EXPECT_GT(seen.retries, seeds);
  EXPECT_GT(seen.long_retries, seeds / 10);
}

}  // namespace
}  // namespace beach::server::testing
