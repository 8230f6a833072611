// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/shrinker.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/site.h"
#include "sim/shrink/realign.h"

namespace beach::sim::shrink {
namespace {

using artifacts::Decision;
using artifacts::Operation;

const char* const kFault = "test.fault";
const char* const kChoice = "test.choice";

std::uint64_t FaultsOf(const Candidate& candidate) {
  return static_cast<std::uint64_t>(
      std::ranges::count(candidate.decisions, kFault, &Decision::site));
}

Measured MeasuredAs(const Candidate& candidate) {
  return {.recorded = candidate, .faults = FaultsOf(candidate), .events = 1};
}

// Fails where a predicate holds, and records what it was given.
class FakeJudge final : public Judge {
 public:
  using Predicate = std::function<bool(const Candidate&)>;
  explicit FakeJudge(Predicate fails) : fails_(std::move(fails)) {}

  Result<std::optional<Found>> FirstFailing(std::span<const Candidate> candidates,
                                            const Cost& below) override {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (++judged_ > judged_max) return std::nullopt;
      const Measured measured = MeasuredAs(candidates[i]);
      if (CostOf(measured) < below && fails_(candidates[i])) {
        return Found{.index = i, .measured = measured};
      }
    }
    return std::nullopt;
  }
  bool Stopped() override { return judged_ > judged_max; }

  std::uint64_t judged_max = ~std::uint64_t{0};

 private:
  Predicate fails_;
  std::uint64_t judged_ = 0;
};

Candidate Example(std::size_t operations, std::size_t faults) {
  Candidate candidate;
  candidate.seed = 7;
  candidate.policy = "random";
  candidate.options = {{"lives", 2}, {"life0.end", 1}, {"life1.end", 2}, {"size", 100}};
  for (std::size_t i = 0; i < operations; ++i) {
    candidate.operations.push_back({.id = i + 1,
                                    .life = i % 2,
                                    .client = i % 3,
                                    .kind = "put",
                                    .arguments = {"key", std::to_string(i * 10)}});
  }
  for (std::size_t i = 0; i < faults; ++i) {
    candidate.decisions.push_back(
        {.site = kFault, .host = "a", .life = 1, .thread = "t", .use = i, .value = 1});
    candidate.decisions.push_back(
        {.site = kChoice, .host = "a", .life = 0, .thread = "", .use = i, .value = 1000 + i});
  }
  return candidate;
}

Shrunk ShrunkFrom(const Candidate& start, Judge& judge) {
  Shrinker shrinker(MeasuredAs(start), {kFault}, judge);
  const Result<Shrunk> shrunk = shrinker.Run();
  EXPECT_TRUE(shrunk.has_value());
  return *shrunk;
}

bool HasOperation(const Candidate& candidate, std::uint64_t id) {
  return std::ranges::count(candidate.operations, id, &Operation::id) > 0;
}

bool HasFault(const Candidate& candidate, std::uint64_t use) {
  return std::ranges::any_of(candidate.decisions, [&](const Decision& decision) {
    return decision.site == kFault && decision.use == use;
  });
}

RC_GTEST_PROP(Shrinker, KeepsExactlyWhatAMonotonePredicateNeeds, ()) {
  const auto operations = *rc::gen::inRange<std::size_t>(0, 10);
  const auto faults = *rc::gen::inRange<std::size_t>(0, 9);
  const Candidate start = Example(operations, faults);
  const auto needed_operations =
      *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 11));
  const auto needed_faults =
      *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 9));
  std::set<std::uint64_t> wanted_operations;
  std::set<std::uint64_t> wanted_faults;
  for (const std::uint64_t id : needed_operations) {
    if (HasOperation(start, id)) wanted_operations.insert(id);
  }
  for (const std::uint64_t use : needed_faults) {
    if (HasFault(start, use)) wanted_faults.insert(use);
  }
  FakeJudge judge([&](const Candidate& candidate) {
    return std::ranges::all_of(wanted_operations,
                               [&](auto id) { return HasOperation(candidate, id); }) &&
           std::ranges::all_of(wanted_faults, [&](auto use) { return HasFault(candidate, use); });
  });
  const Shrunk shrunk = ShrunkFrom(start, judge);
  RC_ASSERT(shrunk.complete);
  RC_ASSERT(shrunk.best.recorded.operations.size() == wanted_operations.size());
  RC_ASSERT(shrunk.best.faults == wanted_faults.size());
  RC_ASSERT(shrunk.best.recorded.policy == "calm");
}

// Any function of the content: nothing that holds for a candidate need hold for its parts.
RC_GTEST_PROP(Shrinker, EndsWithSomethingThatFailsForAnyPredicate, ()) {
  const Candidate start =
      Example(*rc::gen::inRange<std::size_t>(0, 16), *rc::gen::inRange<std::size_t>(0, 5));
  const auto salt = *rc::gen::arbitrary<std::uint64_t>();
  const auto one_in = *rc::gen::inRange<std::uint64_t>(1, 6);
  const auto fails = [&](const Candidate& candidate) {
    return candidate == start || (Site::Hash(Content(candidate)) ^ salt) % one_in == 0;
  };
  FakeJudge judge(fails);
  judge.judged_max = *rc::gen::element<std::uint64_t>(0, 10, 1000, 1000000000);
  const Shrunk shrunk = ShrunkFrom(start, judge);
  RC_ASSERT(fails(shrunk.best.recorded));
  RC_ASSERT(CostOf(shrunk.best) <= CostOf(MeasuredAs(start)));
  if (!shrunk.complete) return;
  // One thing less does not fail, or is no less.
  for (std::size_t i = 0; i < shrunk.best.recorded.operations.size(); ++i) {
    RC_ASSERT(!fails(Operations().without(shrunk.best.recorded, i, i + 1)));
  }
  const Removal faults = Faults({kFault});
  for (std::size_t i = 0; i < faults.count(shrunk.best.recorded); ++i) {
    RC_ASSERT(!fails(faults.without(shrunk.best.recorded, i, i + 1)));
  }
}

TEST(Shrinker, SimplifiesValuesOptionsAndPlaces) {
  FakeJudge judge([](const Candidate& candidate) {
    return std::ranges::any_of(candidate.operations,
                               [](const Operation& operation) {
                                 return operation.arguments.size() > 1 &&
                                        ArgumentSize(operation.arguments[1]) > 37;
                               }) &&
           candidate.options.at("size") >= 13;
  });
  const Shrunk shrunk = ShrunkFrom(Example(20, 4), judge);
  ASSERT_EQ(shrunk.best.recorded.operations.size(), 1U);
  const Operation& left = shrunk.best.recorded.operations[0];
  EXPECT_EQ(left.arguments, (std::vector<std::string>{"", "37"}));
  EXPECT_EQ(left.life, 0U);
  EXPECT_EQ(left.client, 0U);
  EXPECT_EQ(shrunk.best.recorded.options.at("size"), 13U);
  EXPECT_EQ(shrunk.best.recorded.options.at("lives"), 0U);
  EXPECT_FALSE(shrunk.best.recorded.options.contains("life1.end"));
}

// What fills something up need not do so bit by bit.
TEST(Shrinker, MakesFewerOperationsDoMore) {
  FakeJudge judge([](const Candidate& candidate) {
    std::uint64_t total = 0;
    for (const Operation& operation : candidate.operations) {
      if (operation.arguments.size() > 1) total += ArgumentSize(operation.arguments[1]);
    }
    return total >= 400;
  });
  const Shrunk shrunk = ShrunkFrom(Example(20, 0), judge);
  ASSERT_EQ(shrunk.best.recorded.operations.size(), 1U);
  EXPECT_EQ(shrunk.best.recorded.operations[0].arguments, (std::vector<std::string>{"", "399"}));
}

// Blocks that are filled to the last one: none may be missing, none too many.
TEST(Shrinker, FewerOperationsFillAsManyBlocks) {
  FakeJudge judge([](const Candidate& candidate) {
    std::uint64_t blocks = 0;
    for (const Operation& operation : candidate.operations) {
      if (operation.arguments.size() < 2) return false;
      const std::uint64_t size = ArgumentSize(operation.arguments[1]);
      if (size > 6 * 4'096) return false;
      blocks += 1 + size / 4'096;
    }
    return blocks == 20;
  });
  const Shrunk shrunk = ShrunkFrom(Example(20, 0), judge);
  EXPECT_LE(shrunk.best.recorded.operations.size(), 4U);
}

TEST(Shrinker, TakesTwoOperationsThatNeedEachOther) {
  FakeJudge judge([](const Candidate& candidate) {
    return HasOperation(candidate, 3) == HasOperation(candidate, 9);
  });
  EXPECT_TRUE(ShrunkFrom(Example(12, 0), judge).best.recorded.operations.empty());
}

// The fault strikes the call of operation 10, the last: each operation makes two.
TEST(Shrinker, AFaultMovesWithTheOperationsBeforeIt) {
  Candidate start = Example(10, 1);
  start.decisions[0].use = 19;
  FakeJudge judge([](const Candidate& candidate) {
    return HasOperation(candidate, 10) && HasFault(candidate, candidate.operations.size() * 2 - 1);
  });
  const Shrunk shrunk = ShrunkFrom(start, judge);
  EXPECT_EQ(shrunk.best.recorded.operations.size(), 1U);
  EXPECT_EQ(shrunk.best.recorded.decisions.front().use, 1U);
}

// An option says after how many operations something happens, and operation 15 must be the next.
TEST(Shrinker, AnOptionThatCountsOperationsMovesWithThem) {
  Candidate start = Example(20, 0);
  start.options["full_from"] = 14;
  FakeJudge judge([](const Candidate& candidate) {
    const std::uint64_t from = candidate.options.at("full_from");
    return from < candidate.operations.size() && candidate.operations[from].id == 15;
  });
  const Shrunk shrunk = ShrunkFrom(start, judge);
  EXPECT_EQ(shrunk.best.recorded.operations.size(), 1U);
}

// Once the fault is gone it takes twenty operations to fail; who keeps the fault needs six.
TEST(Shrinker, BeginsAgainWhereTheFirstWayDownEndsHigh) {
  FakeJudge judge([](const Candidate& candidate) {
    if (FaultsOf(candidate) == 0) return candidate.operations.size() >= 20;
    for (std::uint64_t id = 1; id <= 6; ++id) {  // of each client, in each life
      if (!HasOperation(candidate, id)) return false;
    }
    return true;
  });
  const Shrunk shrunk = ShrunkFrom(Example(30, 1), judge);
  EXPECT_EQ(shrunk.best.recorded.operations.size(), 6U);
  EXPECT_EQ(shrunk.best.faults, 1U);
  EXPECT_TRUE(shrunk.complete);
}

// A race: whatever is taken away moves it, while the batch alone fails under one seed in twenty.
TEST(Shrinker, AHandfulUnderOtherSeedsFindsARaceAgain) {
  constexpr std::size_t kWhole = 200;
  Candidate start = Example(kWhole, 1);
  start.operations[130].arguments = {"key", "1", "key", "2", "key", "3"};
  FakeJudge judge([](const Candidate& candidate) {
    if (candidate.operations.size() == kWhole) return true;
    return candidate.operations.size() <= 12 && HasOperation(candidate, 131) &&
           candidate.seed % 20 == 3;
  });
  EXPECT_EQ(ShrunkFrom(start, judge).best.recorded.operations.size(), 1U);
}

TEST(Passes, ANumberedOptionTakesItsOperationsAlongAndLowersTheCount) {
  Candidate candidate = Example(4, 0);
  candidate.options["life1.early_strikes"] = 2;
  candidate.options["life1.early0.calls"] = 5;
  candidate.options["life1.early1.calls"] = 6;
  const Simplification pass = NumberedOptions(false);
  ASSERT_EQ(pass.count(candidate), 4U);  // life0, life1, life1.early0, life1.early1
  const Candidate without_life = pass.forms(candidate, 0).front();
  EXPECT_EQ(without_life.options.at("lives"), 1U);
  EXPECT_EQ(without_life.options.at("life0.early1.calls"), 6U);
  EXPECT_FALSE(without_life.options.contains("life1.end"));
  EXPECT_EQ(without_life.operations.size(), 2U);
  EXPECT_EQ(without_life.operations[0].life, 0U);
  const Candidate without_early = pass.forms(candidate, 2).front();
  EXPECT_EQ(without_early.options.at("life1.early_strikes"), 1U);
  EXPECT_EQ(without_early.options.at("life1.early0.calls"), 6U);
  EXPECT_EQ(without_early.options.at("lives"), 2U);
}

TEST(Realigned, AmongTheWaysIsTheOneInWhichAProcessAndItsCutAreGone) {
  const auto of = [](const char* site, std::uint64_t life, const char* thread, std::uint64_t use,
                     std::uint64_t value) {
    return Decision{
        .site = site, .host = "a", .life = life, .thread = thread, .use = use, .value = value};
  };
  const std::vector<Decision> recorded = {
      of("crash.strike_at", 0, "", 1, 4),  of("disk.cut.mode", 0, "", 1, 3),
      of("disk.cut.detail", 0, "", 1, 77), of("crash.strike_at", 0, "", 2, 5),
      of(kFault, 2, "main", 0, 1),         of("disk.cut.mode", 0, "", 2, 6)};
  const std::vector<Decision> wanted = {of("crash.strike_at", 0, "", 1, 5),
                                        of(kFault, 1, "main", 0, 1),
                                        of("disk.cut.mode", 0, "", 1, 6)};
  const auto ways = Realigned(recorded, 2);
  EXPECT_EQ(ways.front(), recorded);
  EXPECT_NE(std::ranges::find(ways, wanted), ways.end());
  EXPECT_EQ(Realigned({}, 3).front(), std::vector<Decision>{});
}

TEST(Candidate, DigitsAreANumberAndOtherTextIsAsLongAsItIs) {
  EXPECT_EQ(ArgumentSize(""), 0U);
  EXPECT_EQ(ArgumentSize("0"), 1U);
  EXPECT_EQ(ArgumentSize("41"), 42U);
  EXPECT_EQ(ArgumentSize("k41"), 3U);
  EXPECT_EQ(ArgumentSize(std::string(40, '9')), 40U);
}

}  // namespace
}  // namespace beach::sim::shrink
