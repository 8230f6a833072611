// SPDX-License-Identifier: Apache-2.0
#include "engine/budgets.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

using BudgetsTest = DbTest;

// Whatever is asked for, it can be opened with, and keeps to the memory.
RC_GTEST_PROP(Budgets, GiveOptionsThatAreAllowed, ()) {
  const auto octaves = [](int least, int most) {
    const auto octave = *rc::gen::inRange(least, most);
    return (std::uint64_t{1} << octave) + *rc::gen::inRange<std::uint64_t>(0, 1000);
  };
  Budgets budgets;
  budgets.memory = octaves(23, 44);
  budgets.disk = *rc::gen::arbitrary<bool>() ? 0 : octaves(26, 60);
  budgets.profile = static_cast<Profile>(*rc::gen::inRange(0, 3));
  const auto derived = DeriveOptions(budgets);
  RC_ASSERT(derived.has_value());
  const Options& options = derived->options;
  const std::uint64_t memtables = options.memtable_size * (options.frozen_memtables_max + 1);
  const std::uint64_t planned = memtables + options.block_cache_size + derived->table_memory;
  RC_ASSERT(planned >= budgets.memory / 16 * 13);
  RC_ASSERT(planned <= budgets.memory / 16 * 13 + 16);
  RC_ASSERT(derived->table_memory >= budgets.memory / 8);
  RC_ASSERT(options.batch_size_max <= budgets.memory / 10);
  RC_ASSERT(options.value_size_max <= options.batch_size_max);
  if (budgets.disk != 0) {
    RC_ASSERT(memtables <= budgets.disk / 8);
    RC_ASSERT(options.wal_segment_size <= budgets.disk / 32);
    RC_ASSERT(options.compaction_debt_stop <= budgets.disk / 2);
  }
}

TEST(Budgets, ProfilesMoveMemory) {
  const auto of = [](Profile profile) { return DeriveOptions({.profile = profile})->options; };
  const Options balanced = of(Profile::kBalanced);
  const Options writes = of(Profile::kWrites);
  const Options reads = of(Profile::kReads);
  EXPECT_GT(writes.memtable_size, balanced.memtable_size);
  EXPECT_LT(reads.memtable_size, balanced.memtable_size);
  EXPECT_GT(reads.block_cache_size, balanced.block_cache_size);
  EXPECT_GT(reads.filter_bits_per_key, balanced.filter_bits_per_key);
}

TEST(Budgets, DurabilityIsThatOfWrites) {
  EXPECT_TRUE(DeriveOptions({})->write.sync);
  EXPECT_FALSE(DeriveOptions({.durability = Durability::kProcessCrash})->write.sync);
}

TEST(Budgets, OutOfTheirRangeTheyAreNamed) {
  const auto error = [](const Budgets& budgets) {
    const auto derived = DeriveOptions(budgets);
    EXPECT_FALSE(derived);
    EXPECT_EQ(derived.error().code(), ErrorCode::kInvalidArgument);
    return derived.error().message();
  };
  EXPECT_NE(error({.memory = 8 * kMiB - 1}).find("memory"), std::string::npos);
  EXPECT_NE(error({.memory = 32 * 1024 * kGiB}).find("memory"), std::string::npos);
  EXPECT_NE(error({.disk = 1}).find("disk"), std::string::npos);
}

TEST_F(BudgetsTest, ADatabaseOpensWithTheSmallest) {
  const auto derived = DeriveOptions({.memory = 8 * kMiB, .disk = 64 * kMiB});
  ASSERT_TRUE(derived);
  const auto db = Open(derived->options);
  ASSERT_NE(db, nullptr);
  EXPECT_TRUE(db->Put(derived->write, "key", Bytes(derived->options.value_size_max / 2, 'v')));
  EXPECT_TRUE(db->Flush());
}

TEST(Budgets, TheDescriptionNamesEachOption) {
  const std::string text = DescribeOptions(Options());
  for (const char* name : {"memtable_size", "block_cache_size", "compaction_debt_stop"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
  EXPECT_NE(text.find("4096"), std::string::npos);
}

}  // namespace
}  // namespace beach::engine
