// SPDX-License-Identifier: Apache-2.0
// Power losses under a database whose log is somebody else's, in a simulation: whatever the disk
// keeps of what was not synced, the tables are what the mark says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

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
  options.level0_slow_count = 2;
  options.level0_stop_count = 3;
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
  std::uint64_t refused = 0;  // by TryApply
  bool opened = false;
  bool was_kept = false;
  bool was_prefix = false;
  bool goes_on = false;
};

// By either call; the one that does not wait is asked again.
bool ApplyOne(const env::Env& env, Db& db, const AppliedLog& log, std::uint64_t index, Seen& seen) {
  const WriteBatch batch = log.BatchAt(index);
  if (index % 2 == 0) return db.Apply(batch, AppliedLog::MarkAt(index)).has_value();
  while (true) {
    const auto applied = db.TryApply(batch, AppliedLog::MarkAt(index));
    if (!applied || *applied) return applied.has_value();
    ++seen.refused;
    env.clock->SleepUntil(env.clock->MonotonicNow() + 100'000);
  }
}

// Applies all that is left, and flushes now and then.
bool ApplyTheRest(const env::Env& env, Db& db, const AppliedLog& log, std::uint64_t first,
                  Seen& seen) {
  for (std::uint64_t i = first; i <= kLast; ++i) {
    if (!ApplyOne(env, db, log, i, seen)) return false;
    if (i % 7 == 0) db.WantFlush();
    if (i % 31 == 0 && !db.Flush()) return false;
    seen.durable = std::max(seen.durable, db.DurableMark().index);
  }
  return true;
}

void LiveOnce(const env::Env& env, const AppliedLog& log, Seen& seen) {
  const auto db = Db::Open(env, "db", ExternalOptions());
  if (db) static_cast<void>(ApplyTheRest(env, **db, log, 1, seen));
}

void LookAndGoOn(const env::Env& env, const AppliedLog& log, Seen& seen) {
  const auto db = Db::Open(env, "db", ExternalOptions());
  if (!db) return;
  seen.opened = true;
  const LogMark mark = (*db)->DurableMark();
  seen.found = mark.index;
  seen.was_kept = mark.index >= seen.durable;
  const bool said = mark.index == 0 || mark == AppliedLog::MarkAt(mark.index);
  seen.was_prefix = said && MomentOf(**db) == log.At(mark.index);
  seen.goes_on =
      ApplyTheRest(env, **db, log, mark.index + 1, seen) && MomentOf(**db) == log.At(kLast);
}

// Another replica of the same machine, which is ahead; its files under names of nobody's.
bool InstallFrom(const env::Env& env, Db& db, const AppliedLog& log, std::uint64_t index) {
  const auto ahead = Db::Open(env, "ahead", ExternalOptions());
  if (!ahead) return false;
  for (std::uint64_t i = (*ahead)->DurableMark().index + 1; i <= index; ++i) {
    if (!(*ahead)->Apply(log.BatchAt(i), AppliedLog::MarkAt(i))) return false;
  }
  const auto pin = (*ahead)->PinFiles();
  if (!pin || (*pin)->mark().index != index) return false;
  std::vector<PinnedFile> files = (*pin)->files();
  for (PinnedFile& file : files) {
    const std::string path =
        "copy" + std::to_string(index) + "_" + std::to_string(file.number.value);
    if (!*env.files->Exists(path) && !env.files->Link(file.path, path)) return false;
    file.path = path;
  }
  return db.Install(files, (*pin)->sequence(), (*pin)->time(), (*pin)->mark()).has_value();
}

void InstallOnce(const env::Env& env, const AppliedLog& log, Seen& seen) {
  const auto db = Db::Open(env, "db", ExternalOptions());
  if (!db) return;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    if (!(*db)->Apply(log.BatchAt(i), AppliedLog::MarkAt(i))) return;
  }
  for (const std::uint64_t index : {std::uint64_t{40}, std::uint64_t{60}}) {
    if (!InstallFrom(env, **db, log, index)) return;
    seen.durable = index;
    if (!(*db)->Apply(log.BatchAt(index + 1), AppliedLog::MarkAt(index + 1))) return;
  }
  static_cast<void>(ApplyTheRest(env, **db, log, 62, seen));
}

struct Outcome {
  std::uint64_t struck = 0;
  std::uint64_t refused = 0;
  std::uint64_t behind = 0;   // found less than all
  std::uint64_t between = 0;  // found what was installed first, or a little more
};

// Runs in which `live` loses power somewhere, and the next life looks.
void LosePower(std::uint64_t runs, std::uint64_t calls_step,
               void (*live)(const env::Env&, const AppliedLog&, Seen&), Outcome& outcome) {
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    const AppliedLog log(seed);
    Seen seen;
    sim::RunOptions options;
    options.seed = seed;
    const auto report = sim::RunBody(
        [&](sim::Simulation& simulation) {
          const sim::HostId host = simulation.AddHost("a");
          simulation.ArmStrike(host, sim::Strike::kPowerLoss, 1 + seed * calls_step);
          const auto first = [&](const env::Env& env) { live(env, log, seen); };
          const sim::ProcessEnd end = simulation.Wait(simulation.Start(host, "p", first));
          outcome.struck += end == sim::ProcessEnd::kPowerLost ? 1U : 0U;
          simulation.ArmStrike(host, sim::Strike::kPowerLoss, 0);
          const auto look = [&](const env::Env& env) { LookAndGoOn(env, log, seen); };
          EXPECT_EQ(simulation.Wait(simulation.Start(host, "q", look)), sim::ProcessEnd::kExited);
        },
        options);
    ASSERT_TRUE(report.verdict.ok()) << "seed " << seed << ": " << report.verdict.message;
    ASSERT_TRUE(seen.opened) << "seed " << seed;
    ASSERT_TRUE(seen.was_kept) << "seed " << seed << ", mark " << seen.found;
    ASSERT_TRUE(seen.was_prefix) << "seed " << seed << ", mark " << seen.found;
    ASSERT_TRUE(seen.goes_on) << "seed " << seed << ", mark " << seen.found;
    outcome.refused += seen.refused;
    outcome.behind += seen.found < kLast ? 1U : 0U;
    outcome.between += seen.found >= 40 && seen.found < 60 ? 1U : 0U;
  }
}

TEST(DbExternalPower, ALossAnywhereLeavesExactlyThePrefixOfADurableMark) {
  constexpr std::uint64_t kRuns = 200;
  Outcome outcome;
  LosePower(kRuns, 4, LiveOnce, outcome);
  EXPECT_GT(outcome.refused, kRuns);
  EXPECT_GT(outcome.struck, kRuns / 3);
  EXPECT_GT(outcome.behind, kRuns / 3);
}

TEST(DbExternalPower, ALossUnderAnInstallLeavesTheOldOrTheNew) {
  constexpr std::uint64_t kRuns = 300;
  Outcome outcome;
  LosePower(kRuns, 5, InstallOnce, outcome);
  EXPECT_GT(outcome.struck, kRuns / 3);
  EXPECT_GT(outcome.behind, kRuns / 3);
  EXPECT_GT(outcome.between, kRuns / 20);
}

}  // namespace
}  // namespace beach::engine
