// SPDX-License-Identifier: Apache-2.0
#include "oracle/linearizability.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "oracle/testing/random_history.h"

namespace beach::oracle {
namespace {

using History = std::vector<ClientOperation>;

std::string AsText(const History& history) {
  std::string text;
  for (const ClientOperation& one : history) text += DescribeOperation(one) + "\n";
  return text;
}

std::string RuleOf(const History& history) {
  const LinearReport report = CheckLinearizable(history);
  return report.violation ? report.violation->rule : "none";
}

TEST(Linearizability, NamesWhatIsWrong) {
  const ClientOperation one = MakePut(1, {0, 1}, "x", "1");
  const ClientOperation two = MakePut(1, {2, 3}, "x", "2");
  EXPECT_EQ(RuleOf({}), "none");
  EXPECT_EQ(RuleOf({one, two, MakeGet(2, {4, 5}, "x", "2")}), "none");
  EXPECT_EQ(RuleOf({one, two, MakeGet(2, {4, 5}, "x", "1")}), "stale-read");
  EXPECT_EQ(RuleOf({one, two, MakeGet(2, {4, 5}, "x", std::nullopt)}), "stale-read");
  EXPECT_EQ(RuleOf({one, MakeGet(2, {4, 5}, "x", "3")}), "phantom-value");
  EXPECT_EQ(RuleOf({MakeGet(2, {0, 1}, "x", "2"), two}), "future-read");
  EXPECT_EQ(RuleOf({one, MakeCompareAndSet(2, {4, 5}, "x", "1", "a", true),
                    MakeCompareAndSet(3, {4, 5}, "x", "1", "b", true)}),
            "lost-update");
  EXPECT_EQ(RuleOf({one, MakeCompareAndSet(2, {4, 5}, "x", "1", "a", false)}), "not-linearizable");
}

TEST(Linearizability, ExplainsByOperationsThatFailByThemselves) {
  History history;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::string value = "v" + std::to_string(i);
    history.push_back(MakePut(1, {i * 10, i * 10 + 4}, "x", value));
    history.push_back(MakeGet(2, {i * 10 + 5, i * 10 + 9}, "x", i == 150 ? "v148" : value));
  }
  const LinearReport report = CheckLinearizable(history);
  ASSERT_EQ(report.verdict, LinearVerdict::kNot);
  EXPECT_EQ(report.violation->rule, "stale-read");
  EXPECT_EQ(report.violation->message,
            "client 2: get x -> \"v148\" [1505, 1509]: what it saw was overwritten before it was "
            "called; beside client 1: put x \"v148\" [1480, 1484]; client 1: put x \"v149\" [1490, "
            "1494]");
  EXPECT_EQ(report.culprits, (std::vector<std::size_t>{296, 298, 301}));
}

// Both are there or none.
TEST(Linearizability, JudgesKeysThatAreTouchedTogether) {
  ClientOperation both = MakePut(1, {0, 10}, "x", "1");
  both.changes.push_back({ChangeKind::kPut, "y", "1"});
  ClientOperation seen = MakeGet(2, {0, 10}, "x", "1");
  seen.reads.push_back({"y", "1"});
  EXPECT_EQ(RuleOf({both, seen}), "none");
  seen.reads.back().value = std::nullopt;
  EXPECT_EQ(RuleOf({both, seen}), "not-linearizable");
  // By two reads, x before y.
  EXPECT_EQ(RuleOf({both, MakeGet(2, {1, 2}, "x", "1"), MakeGet(2, {3, 4}, "y", "1")}), "none");
  EXPECT_EQ(RuleOf({both, MakeGet(2, {1, 2}, "x", "1"), MakeGet(2, {3, 4}, "y", std::nullopt)}),
            "not-linearizable");
}

TEST(Linearizability, RefusesWhatNoClientsCanHaveSeen) {
  const auto index = [](const History& history) {
    const std::optional<Misuse> misuse = FindMisuse(history);
    return misuse ? static_cast<int>(misuse->index) : -1;
  };
  const ClientOperation put = MakePut(1, {0, 5}, "x", "1");
  EXPECT_EQ(index({}), -1);
  EXPECT_EQ(index({put, MakeGet(1, {5, 6}, "x", "1")}), -1);
  EXPECT_EQ(index({put, MakeGet(1, {4, 6}, "x", "1")}), 1);
  EXPECT_EQ(index({MakeGet(1, {4, 6}, "x", "1"), put}), 0) << "the one that is called later";
  EXPECT_EQ(index({put, MakeGet(2, {4, 6}, "x", "1")}), -1);
  EXPECT_EQ(index({MakePut(1, {0, {}}, "x", "1"), MakeGet(1, {0, 6}, "x", "1")}), -1)
      << "no answer came, and the client went on";
  EXPECT_EQ(index({put, MakeGet(1, {7, 6}, "x", "1")}), 1);
  EXPECT_EQ(index({ClientOperation{}}), 0);
  ClientOperation failed = put;
  failed.answer = Answer::kConditionsFailed;
  EXPECT_EQ(index({failed}), 0);
}

TEST(Linearizability, SaysWhenItDoesNotKnow) {
  // A dozen that may have been in any order, and a read of what none of the orders gives.
  History history;
  for (std::uint64_t i = 0; i < 12; ++i) {
    history.push_back(MakeAppend(i, {0, 100}, "x", i < 6 ? "a" : "b"));
  }
  history.push_back(MakePut(20, {0, 100}, "x", "z"));
  history.push_back(MakeGet(21, {101, 102}, "x", "zabababababaaaaaabbbbbb"));
  const LinearLimits tight = {.configurations_max = 10};
  const LinearReport report = CheckLinearizable(history, tight);
  EXPECT_EQ(report.verdict, LinearVerdict::kUndecided);
  EXPECT_EQ(report.tried, 10U);
  EXPECT_FALSE(report.violation);
  EXPECT_EQ(CheckLinearizable(history).verdict, LinearVerdict::kNot);
  // Another part that is wrong is told all the same.
  history.push_back(MakeGet(22, {101, 102}, "y", "1"));
  EXPECT_EQ(CheckLinearizable(history, tight).verdict, LinearVerdict::kNot);
}

// Of one kind of what may happen; all of them take part by turns.
RandomHistoryOptions DrawOptions(RandomStream& random) {
  RandomHistoryOptions options;
  options.operations = random.Between(1, 7);
  options.clients = random.Between(1, 5);
  options.keys = random.Chance(1, 2) ? 1 : random.Between(2, 3);
  options.values = random.Chance(1, 3) ? 0 : random.Between(1, 3);
  options.takes_max = random.Between(0, 12);
  options.unknown_percent = random.Chance(1, 3) ? 0 : random.Between(5, 80);
  options.appends = random.Chance(1, 2) ? 0 : random.Between(1, 6);
  options.deletes = random.Below(3);
  options.compare_and_sets = random.Below(5);
  options.transactions = random.Chance(1, 2) ? 0 : random.Between(1, 6);
  return options;
}

RC_GTEST_PROP(Linearizability, AgreesWithAllOrders, (std::uint64_t seed)) {
  RandomStream random(seed);
  for (int i = 0; i < 300; ++i) {
    const RandomHistoryOptions options = DrawOptions(random);
    History history = MakeRandomHistory(random, options);
    RC_ASSERT(!FindMisuse(history));
    RC_LOG() << AsText(history);
    RC_ASSERT(CheckLinearizable(history).verdict == LinearVerdict::kLinearizable);
    for (std::uint64_t mutations = random.Between(1, 3); mutations > 0; --mutations) {
      Mutate(random, history);
    }
    RC_LOG() << "mutated\n" << AsText(history);
    const LinearReport report = CheckLinearizable(history);
    const bool is_right = IsLinearizableByAllOrders(history);
    RC_ASSERT(report.verdict == (is_right ? LinearVerdict::kLinearizable : LinearVerdict::kNot));
    RC_ASSERT(is_right == !report.violation);
    if (is_right) continue;
    History culprits;
    for (const std::size_t index : report.culprits) culprits.push_back(history[index]);
    RC_ASSERT(!IsLinearizableByAllOrders(culprits));
  }
}

RC_GTEST_PROP(Linearizability, AcceptsLongHistoriesOfARightStore, (std::uint64_t seed)) {
  RandomStream random(seed);
  RandomHistoryOptions options = DrawOptions(random);
  options.operations = 300;
  options.keys = random.Between(1, 10);
  options.clients = random.Between(1, 8);
  options.unknown_percent = random.Below(10);
  const History history = MakeRandomHistory(random, options);
  const LinearVerdict verdict = CheckLinearizable(history, {.configurations_max = 200'000}).verdict;
  // Equal values of many keys that are touched together may take too long.
  if (options.values != 0 && verdict == LinearVerdict::kUndecided) return;
  RC_ASSERT(verdict == LinearVerdict::kLinearizable);
}

double MeasureMs(const History& history, int times) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) CheckLinearizable(history);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return seconds.count() * 1e3 / times;
}

// Run by hand: BEACH_MEASURE=1 prints what a check costs.
TEST(Linearizability, IsFast) {
  struct Case {
    const char* name;
    RandomHistoryOptions options;
    int times;
  };
  const RandomHistoryOptions usual = {
      .operations = 10'000, .clients = 16, .keys = 100, .unknown_percent = 2};
  const auto with = [&](const auto& change) {
    RandomHistoryOptions options = usual;
    change(options);
    return options;
  };
  using Options = RandomHistoryOptions;
  const std::vector<Case> cases = {
      {"10,000 operations, 100 keys, 16 clients", usual, 20},
      {"200 operations, 10 keys, 4 clients", with([](Options& o) {
         o.operations = 200;
         o.keys = 10;
         o.clients = 4;
       }),
       1000},
      {"one key", with([](Options& o) { o.keys = 1; }), 3},
      {"a fifth without answer", with([](Options& o) { o.unknown_percent = 20; }), 3},
      {"a fifth without answer, 10 keys", with([](Options& o) {
         o.unknown_percent = 20;
         o.keys = 10;
       }),
       3},
      {"half without answer, one key, mostly deletes", with([](Options& o) {
         o.unknown_percent = 50;
         o.keys = 1;
         o.deletes = 8;
       }),
       3},
      {"long overlaps, 64 clients, one key", with([](Options& o) {
         o.keys = 1;
         o.clients = 64;
         o.takes_max = 60;
       }),
       3},
      {"three values", with([](Options& o) { o.values = 3; }), 3},
      {"appends too", with([](Options& o) { o.appends = 3; }), 3},
      {"appends alone", with([](Options& o) {
         o.appends = 6;
         o.puts = o.deletes = o.compare_and_sets = 0;
         o.keys = 1;
       }),
       3},
      {"transactions too", with([](Options& o) { o.transactions = 3; }), 3},
  };
  const bool measure = std::getenv("BEACH_MEASURE") != nullptr;
  for (const Case& one : cases) {
    RandomHistoryOptions options = one.options;
    if (!measure) options.operations = std::min<std::uint64_t>(options.operations, 500);
    RandomStream random(7);
    History history = MakeRandomHistory(random, options);
    const LinearReport report = CheckLinearizable(history);
    EXPECT_EQ(report.verdict, LinearVerdict::kLinearizable) << one.name;
    if (!measure) continue;
    std::printf("%-45s %9.3f ms, %llu configurations\n", one.name, MeasureMs(history, one.times),
                static_cast<unsigned long long>(report.tried));
    for (std::size_t i = history.size() * 9 / 10; i < history.size(); ++i) {
      if (history[i].reads.empty() || !history[i].answered()) continue;
      history[i].reads.front().value = "v1.";
      break;
    }
    const LinearReport wrong = CheckLinearizable(history);
    std::printf("%-45s %9.3f ms, %llu configurations, %s\n", "  with one wrong read",
                MeasureMs(history, 1), static_cast<unsigned long long>(wrong.tried),
                wrong.violation ? wrong.violation->message.c_str() : "not found");
  }
}

}  // namespace
}  // namespace beach::oracle
