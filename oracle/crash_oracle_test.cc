// SPDX-License-Identifier: Apache-2.0
#include "oracle/crash_oracle.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

// Random histories against a database of a few lines that is right, and against wrong ones.

namespace beach::oracle {
namespace {

using State = std::map<Bytes, Bytes>;

std::vector<KeyValue> Entries(const State& state) { return {state.begin(), state.end()}; }

void Apply(const ModelBatch& batch, State& state) {
  for (const ModelOperation& operation : batch.operations) {
    if (operation.value) {
      state[operation.key] = *operation.value;
    } else {
      state.erase(operation.key);
    }
  }
}

ModelBatch AnyBatch(std::uint64_t id) {
  ModelBatch batch{
      .id = BatchId(id), .client = 0, .sync = *rc::gen::arbitrary<bool>(), .operations = {}};
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Bytes key(1, static_cast<char>(*rc::gen::inRange<int>('a', 'f')));
    const bool put = *rc::gen::inRange(0, 4) != 0;
    batch.operations.push_back(
        {.key = key, .value = put ? std::optional(MakeValue({batch.id, i}, 2)) : std::nullopt});
  }
  return batch;
}

// One life: batches in the log one after another, some acknowledged, then a crash.
struct Life {
  std::vector<ModelBatch> batches;
  std::uint64_t acknowledged = 0;
  std::uint64_t durable = 0;
  bool power = false;

  std::uint64_t floor() const { return power ? durable : acknowledged; }
};

Life AnyLife(Model& model, CrashOracle& oracle, std::uint64_t& id, std::uint64_t& sequence) {
  Life life;
  const auto count = *rc::gen::inRange<std::uint64_t>(0, 8);
  for (std::uint64_t i = 0; i < count; ++i) life.batches.push_back(AnyBatch(++id));
  life.acknowledged = count == 0 ? 0 : *rc::gen::inRange<std::uint64_t>(0, count + 1);
  for (std::uint64_t i = 0; i < count; ++i) {
    const ModelBatch& batch = life.batches[i];
    model.Issue(batch);
    RC_ASSERT(!model.Sequence(batch.id, sequence + 1, batch.operations.size()));
    sequence += batch.operations.size();
    if (i >= life.acknowledged) continue;
    RC_ASSERT(!model.Acknowledge(batch.id));
    if (batch.sync) life.durable = i + 1;
  }
  life.power = *rc::gen::arbitrary<bool>();
  oracle.Ended(life.power ? LifeEnd::kPowerLost : LifeEnd::kKilled);
  oracle.Opened();
  return life;
}

TEST(CrashOracle, AcceptsEveryLegalPrefixOverManyLives) {
  EXPECT_TRUE(rc::check("a database that keeps a legal prefix", [] {
    Model model;
    CrashOracle oracle(model);
    State state;
    std::uint64_t id = 0;
    std::uint64_t sequence = 0;
    const auto lives = *rc::gen::inRange(1, 5);
    for (int i = 0; i < lives; ++i) {
      const Life life = AnyLife(model, oracle, id, sequence);
      const auto kept = *rc::gen::inRange<std::uint64_t>(life.floor(), life.batches.size() + 1);
      for (std::uint64_t k = 0; k < kept; ++k) Apply(life.batches[k], state);
      const Judgement judgement = oracle.Recovered(Entries(state), sequence);
      RC_ASSERT(!judgement);
      RC_ASSERT(model.StateAt(0) == Entries(state));
    }
  }));
}

TEST(CrashOracle, RefusesEveryStateThatIsNoLegalPrefix) {
  EXPECT_TRUE(rc::check("a database that keeps any subset of operations", [] {
    Model model;
    CrashOracle oracle(model);
    std::uint64_t id = 0;
    std::uint64_t sequence = 0;
    const Life life = AnyLife(model, oracle, id, sequence);
    State state;
    std::vector<State> legal;
    State prefix;
    if (life.floor() == 0) legal.push_back(prefix);
    for (std::size_t k = 0; k < life.batches.size(); ++k) {
      Apply(life.batches[k], prefix);
      if (k + 1 >= life.floor()) legal.push_back(prefix);
      ModelBatch part = life.batches[k];
      std::erase_if(part.operations, [](const auto&) { return *rc::gen::inRange(0, 3) == 0; });
      Apply(part, state);
    }
    const bool fine = std::find(legal.begin(), legal.end(), state) != legal.end();
    const Judgement judgement = oracle.Recovered(Entries(state), sequence);
    RC_ASSERT(judgement.has_value() == !fine);
  }));
}

TEST(CrashOracle, KeepsNoOrderOfSettledLives) {
  Model model;
  CrashOracle oracle(model);
  for (std::uint64_t id = 1; id <= 2000; ++id) {
    ModelBatch batch{.id = BatchId(id), .client = 0, .sync = true, .operations = {}};
    batch.operations.push_back({.key = "k", .value = MakeValue({BatchId(id), 0}, 0)});
    const KeyValue entry{"k", *batch.operations[0].value};
    model.Issue(batch);
    ASSERT_FALSE(model.Sequence(BatchId(id), id, 1));
    ASSERT_FALSE(model.Acknowledge(BatchId(id)));
    oracle.Ended(LifeEnd::kPowerLost);
    oracle.Opened();
    ASSERT_FALSE(oracle.Recovered({entry}, id));
    ASSERT_EQ(model.sequenced(), 0U);
  }
}

// Three synced writes, one after the other; the recovered state shows the first `shown` of them.
Judgement RecoverThree(std::uint64_t shown, bool rotted) {
  Model model;
  CrashOracle oracle(model);
  State state;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    ModelBatch batch{.id = BatchId(i), .client = 0, .sync = true, .operations = {}};
    batch.operations.push_back(
        {.key = Bytes(1, static_cast<char>('a' + i)), .value = MakeValue({batch.id, 0}, 2)});
    if (i <= shown) Apply(batch, state);
    model.Issue(batch);
    EXPECT_FALSE(model.Sequence(batch.id, i, 1));
    EXPECT_FALSE(model.Acknowledge(batch.id));
  }
  oracle.Ended(LifeEnd::kPowerLost);
  if (rotted) oracle.LogRotted();
  return oracle.Recovered(Entries(state), shown);
}

TEST(CrashOracle, RotInTheLogMayCostWhatNothingLaterVouchesFor) {
  EXPECT_FALSE(RecoverThree(3, false));
  EXPECT_TRUE(RecoverThree(2, false));
  EXPECT_FALSE(RecoverThree(3, true));
  EXPECT_FALSE(RecoverThree(2, true));
  EXPECT_TRUE(RecoverThree(1, true));  // the third flight says that the second was durable
}

TEST(CrashOracle, AScanOutOfOrderIsAViolationWhateverItShows) {
  for (const char* second : {"a", "b"}) {
    Model model;
    CrashOracle oracle(model);
    model.Rebase({{"a", "1"}, {"b", "2"}}, 0);
    oracle.Ended(LifeEnd::kClosed);
    oracle.Opened();
    const Judgement judgement = oracle.Recovered({{"b", "2"}, {second, "1"}}, 0);
    ASSERT_TRUE(judgement);
    EXPECT_EQ(judgement->rule, "scan-order");
  }
}

}  // namespace
}  // namespace beach::oracle
