// SPDX-License-Identifier: Apache-2.0
#include "oracle/log_oracle.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace beach::oracle {
namespace {

LogEntry Entry(std::uint64_t id) {
  return {.first_sequence = id * 10, .count = 2, .payload = MakeValue({BatchId(id), 0}, 5)};
}

std::vector<LogEntry> Entries(std::uint64_t first, std::uint64_t last) {
  std::vector<LogEntry> entries;
  for (std::uint64_t id = first; id <= last; ++id) entries.push_back(Entry(id));
  return entries;
}

// Five entries: 1 vouched for, 2 durable, 3 and 4 acknowledged, 5 on its way.
LogOracle FiveEntries() {
  LogOracle oracle;
  for (LogEntry& entry : Entries(1, 5)) oracle.Append(std::move(entry));
  oracle.Durable(2);
  oracle.Vouched(1);
  oracle.Acknowledged(4);
  return oracle;
}

std::string RuleOf(const Judgement& judgement) { return judgement ? judgement->rule : "none"; }

TEST(LogOracle, DemandsWhatTheWayItEndedMustLeave) {
  for (const bool power : {false, true}) {
    for (const bool rotted : {false, true}) {
      for (std::uint64_t count = 0; count <= 5; ++count) {
        LogOracle oracle = FiveEntries();
        oracle.Ended(power ? LifeEnd::kPowerLost : LifeEnd::kKilled);
        const std::uint64_t floor = rotted ? 1 : power ? 2 : 4;
        EXPECT_EQ(oracle.Floor(rotted), floor);
        const Judgement judgement = oracle.Recovered(Entries(1, count), oracle.Floor(rotted));
        EXPECT_EQ(RuleOf(judgement), count >= floor ? "none" : "durable-ack-lost") << count;
      }
    }
  }
}

TEST(LogOracle, RefusesHolesStrangersAndDamage) {
  const auto rule = [](const std::vector<LogEntry>& found) {
    LogOracle oracle = FiveEntries();
    oracle.Ended(LifeEnd::kPowerLost);
    return RuleOf(oracle.Recovered(found, oracle.Floor(false)));
  };
  EXPECT_EQ(rule({Entry(1), Entry(2), Entry(4)}), "not-a-prefix");
  EXPECT_EQ(rule({Entry(2), Entry(1)}), "not-a-prefix");
  EXPECT_EQ(rule({Entry(1), Entry(2), Entry(9)}), "phantom-entry");
  EXPECT_EQ(rule({Entry(1), Entry(2), {.first_sequence = 30, .count = 2, .payload = "b"}}),
            "phantom-entry");
  LogEntry damaged = Entry(3);
  damaged.payload.back() ^= 1;
  EXPECT_EQ(rule({Entry(1), Entry(2), damaged}), "damaged-entry");
  LogEntry moved = Entry(3);
  ++moved.first_sequence;
  EXPECT_EQ(rule({Entry(1), Entry(2), moved}), "damaged-entry");
}

TEST(LogOracle, WhatWasCutOrRetiredStaysAway) {
  LogOracle oracle = FiveEntries();
  oracle.Ended(LifeEnd::kPowerLost);
  ASSERT_FALSE(oracle.Recovered(Entries(1, 3), oracle.Floor(false)));
  oracle.Opened();
  EXPECT_EQ(oracle.end(), 3U);
  EXPECT_EQ(oracle.Floor(true), 3U) << "what an open shows is vouched for";
  oracle.Append(Entry(6));
  oracle.Durable(4);
  oracle.Retire(1);
  oracle.Retired(1);
  oracle.Ended(LifeEnd::kKilled);
  LogOracle other = oracle;
  EXPECT_EQ(RuleOf(other.Recovered({Entry(2), Entry(3), Entry(4)}, 4)), "resurrected");
  other = oracle;
  EXPECT_EQ(RuleOf(other.Recovered({Entry(1), Entry(2), Entry(3), Entry(6)}, 4)), "resurrected");
  EXPECT_EQ(RuleOf(oracle.Recovered({Entry(2), Entry(3), Entry(6)}, 4)), "none");
}

TEST(LogOracle, BeginsAtEitherPlaceUntilARetirementIsKnown) {
  for (const std::uint64_t begin : {0U, 3U}) {
    LogOracle oracle = FiveEntries();
    oracle.Retire(3);
    oracle.Ended(LifeEnd::kKilled);
    ASSERT_FALSE(oracle.Recovered(Entries(begin + 1, 4), oracle.Floor(false)));
    oracle.Opened();
    oracle.Ended(LifeEnd::kPowerLost);
    EXPECT_EQ(RuleOf(oracle.Recovered(Entries(begin + 1, 4), 4)), "none");
    EXPECT_NE(RuleOf(oracle.Recovered(Entries(4 - begin, 4), 4)), "none");
  }
  // An empty log may be one that was retired whole, or lost whole.
  LogOracle oracle = FiveEntries();
  oracle.Ended(LifeEnd::kPowerLost);
  EXPECT_EQ(RuleOf(LogOracle(oracle).Recovered({}, 2)), "durable-ack-lost");
  oracle.Retire(2);
  EXPECT_EQ(RuleOf(oracle.Recovered({}, 2)), "none");
}

TEST(LogOracle, RecoversTheSameAgainUnlessPowerIsLost) {
  LogOracle oracle = FiveEntries();
  oracle.Ended(LifeEnd::kKilled);
  ASSERT_FALSE(oracle.Recovered(Entries(1, 5), oracle.Floor(false)));
  oracle.Ended(LifeEnd::kKilled);
  EXPECT_EQ(RuleOf(LogOracle(oracle).Recovered(Entries(1, 4), 4)), "recovery-changed");
  EXPECT_EQ(RuleOf(LogOracle(oracle).Recovered(Entries(1, 5), 4)), "none");
  oracle.Ended(LifeEnd::kPowerLost);
  EXPECT_EQ(RuleOf(oracle.Recovered(Entries(1, 3), oracle.Floor(false))), "none");
}

TEST(LogOracle, DemandsNoMoreWhatWasGivenUp) {
  LogOracle oracle = FiveEntries();
  oracle.Ended(LifeEnd::kKilled);
  ASSERT_FALSE(oracle.Recovered(Entries(1, 3), 0));
  EXPECT_EQ(oracle.found_end(), 3U);
  EXPECT_EQ(oracle.Floor(false), 4U);
  oracle.GiveUpRest();
  EXPECT_EQ(oracle.Floor(false), 3U);
  EXPECT_EQ(oracle.Floor(true), 1U);
}

TEST(LogOracle, AnEmptyLogIsTheOneThatWasFoundBefore) {
  LogOracle oracle;
  oracle.Append(Entry(1));
  oracle.Ended(LifeEnd::kPowerLost);
  ASSERT_FALSE(oracle.Recovered({Entry(1)}, 0));
  oracle.Retire(1);
  oracle.Ended(LifeEnd::kKilled);
  EXPECT_EQ(RuleOf(oracle.Recovered({}, 0)), "none") << "retired, and whoever did it was killed";
  EXPECT_EQ(oracle.found_end(), 1U);
}

// Against a log of a few lines that is right.
RC_GTEST_PROP(LogOracle, AcceptsEveryLegalHistory, ()) {
  LogOracle oracle;
  std::vector<LogEntry> log;
  std::uint64_t id = 0;
  const auto lives = *rc::gen::inRange(1, 5);
  for (int life = 0; life < lives; ++life) {
    const auto count = *rc::gen::inRange<std::uint64_t>(0, 6);
    const std::uint64_t kept = log.size();
    const LogOracle::Place base = oracle.end() - kept;
    for (std::uint64_t i = 0; i < count; ++i) {
      log.push_back(Entry(++id));
      oracle.Append(log.back());
    }
    const auto promised = *rc::gen::inRange<std::uint64_t>(kept, log.size() + 1);
    const bool power = *rc::gen::arbitrary<bool>();
    if (power) {
      oracle.Durable(base + promised);
    } else {
      oracle.Acknowledged(base + promised);
    }
    oracle.Ended(power ? LifeEnd::kPowerLost : LifeEnd::kKilled);
    log.resize(*rc::gen::inRange<std::uint64_t>(promised, log.size() + 1));
    RC_ASSERT(!oracle.Recovered(log, oracle.Floor(false)));
    oracle.Opened();
    const auto retired = *rc::gen::inRange<std::uint64_t>(0, log.size() + 1);
    oracle.Retire(base + retired);
    oracle.Retired(base + retired);
    log.erase(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(retired));
  }
}

}  // namespace
}  // namespace beach::oracle
