// SPDX-License-Identifier: Apache-2.0
// Power losses under a database whose log is somebody else's, in a simulation: whatever the disk
// keeps of what was not synced, the tables are what the mark says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "engine/db.h"
#include "engine/testing/applied_log.h"
#include "sim/kernel/test_scenario.h"

namespace beach::engine {
namespace {

using testing::AppliedLog;

constexpr std::uint64_t kLast = 80;

Options ExternalOptions() {
  Options options;
  options.external_log = true;
  options.memtable_size = kKiB;
  options.manifest_size_max = 2 * kKiB;
  options.level0_compact_count = 2;
  options.table_size = 4 * kKiB;
  return options;
}

AppliedLog::Moment MomentOf(Db& db) {
  AppliedLog::Moment moment{
      .content = {}, .sequence = db.VisibleSequence(), .time = db.Stats().time};
  const auto entry = db.NewIterator({});
  if (!entry) return {};
  for ((*entry)->SeekToFirst(); (*entry)->Valid(); (*entry)->Next()) {
    moment.content[Bytes((*entry)->key())] = (*entry)->value();
  }
  return (*entry)->status() ? moment : AppliedLog::Moment();
}

// What the harness knows, of plain values alone: the memory of a process goes with it.
struct Seen {
  std::uint64_t durable = 0;  // the highest mark that was told of
  std::uint64_t found = 0;    // by the next life
  bool opened = false;
  bool was_prefix = false;
  bool goes_on = false;
};

// Applies all that is left, and flushes now and then.
bool ApplyTheRest(Db& db, const AppliedLog& log, Seen& seen) {
  for (std::uint64_t i = db.DurableMark().index + 1; i <= kLast; ++i) {
    if (!db.Apply(log.BatchAt(i), AppliedLog::MarkAt(i))) return false;
    if (i % 7 == 0) db.WantFlush();
    if (i % 31 == 0 && !db.Flush()) return false;
    seen.durable = std::max(seen.durable, db.DurableMark().index);
  }
  return true;
}

void LiveOnce(const env::Env& env, const AppliedLog& log, Seen& seen) {
  const auto db = Db::Open(env, "db", ExternalOptions());
  if (db) static_cast<void>(ApplyTheRest(**db, log, seen));
}

void LookAndGoOn(const env::Env& env, const AppliedLog& log, Seen& seen) {
  const auto db = Db::Open(env, "db", ExternalOptions());
  if (!db) return;
  seen.opened = true;
  const LogMark mark = (*db)->DurableMark();
  seen.found = mark.index;
  const bool said = mark.index == 0 || mark == AppliedLog::MarkAt(mark.index);
  seen.was_prefix = said && MomentOf(**db) == log.At(mark.index);
  seen.goes_on = ApplyTheRest(**db, log, seen) && MomentOf(**db) == log.At(kLast);
}

TEST(DbExternalPower, ALossAnywhereLeavesExactlyThePrefixOfADurableMark) {
  constexpr std::uint64_t kRuns = 150;
  std::uint64_t struck = 0;
  std::uint64_t behind = 0;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    const AppliedLog log(seed);
    Seen seen;
    sim::RunOptions options;
    options.seed = seed;
    const auto report = sim::RunBody(
        [&](sim::Simulation& simulation) {
          const sim::HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, sim::Strike::kPowerLoss, 1 + seed * 4);
          const auto live = [&](const env::Env& env) { LiveOnce(env, log, seen); };
          if (simulation.Wait(simulation.Start(host, "p", live)) == sim::ProcessEnd::kPowerLost) {
            ++struck;
          }
          simulation.ArmStrike(host, sim::Strike::kPowerLoss, 0);
          const auto look = [&](const env::Env& env) { LookAndGoOn(env, log, seen); };
          EXPECT_EQ(simulation.Wait(simulation.Start(host, "q", look)), sim::ProcessEnd::kExited);
        },
        options);
    ASSERT_TRUE(report.verdict.ok()) << "seed " << seed << ": " << report.verdict.message;
    ASSERT_TRUE(seen.opened) << "seed " << seed;
    ASSERT_TRUE(seen.was_prefix) << "seed " << seed << ", mark " << seen.found;
    ASSERT_TRUE(seen.goes_on) << "seed " << seed << ", mark " << seen.found;
    behind += seen.found < kLast ? 1U : 0U;
  }
  EXPECT_GT(struck, kRuns / 3);
  EXPECT_GT(behind, kRuns / 3);
}

}  // namespace
}  // namespace beach::engine
