// SPDX-License-Identifier: Apache-2.0
#include "engine/budgets.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/limits.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kMemoryMin = 8 * kMiB;
constexpr std::uint64_t kMemoryMax = 16 * 1024 * kGiB;
constexpr std::uint64_t kDiskMin = 64 * kMiB;
constexpr std::uint64_t kMemtableMax = 256 * kMiB;
constexpr std::uint64_t kCacheMax = 1024 * kGiB;
constexpr std::uint64_t kSegmentMin = kMiB;
constexpr std::uint64_t kSegmentMax = 64 * kMiB;
constexpr std::uint64_t kTableMin = 256 * kKiB;
constexpr std::uint64_t kTableMax = 64 * kMiB;

// Sixteenths of the memory; three more are for the allocator, and what is left for indexes and
// filters. Of glibc's a fifth is unused after 90 s of a soak.
struct Shares {
  std::uint64_t memtables;  // all of them together
  std::uint64_t blocks;
};
constexpr std::uint64_t kAllocatorShare = 3;

Shares SharesOf(Profile profile) {
  switch (profile) {
    case Profile::kBalanced: break;
    case Profile::kWrites: return {.memtables = 6, .blocks = 3};
    case Profile::kReads: return {.memtables = 2, .blocks = 7};
  }
  return {.memtables = 4, .blocks = 5};
}

std::uint64_t RoundDown(std::uint64_t value, std::uint64_t unit) { return value / unit * unit; }

}  // namespace

const char* ProfileName(Profile profile) {
  switch (profile) {
    case Profile::kBalanced: return "balanced";
    case Profile::kWrites: return "writes";
    case Profile::kReads: return "reads";
  }
  return "unknown";
}

Result<DerivedOptions> DeriveOptions(const Budgets& budgets) {
  if (budgets.memory < kMemoryMin || budgets.memory > kMemoryMax) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("a memory budget of {} bytes, and it must be {} to {}", budgets.memory,
                            kMemoryMin, kMemoryMax));
  }
  if (budgets.disk != 0 && budgets.disk < kDiskMin) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("a disk budget of {} bytes, and it must be 0, for plenty, or {} or more",
                    budgets.disk, kDiskMin));
  }
  DerivedOptions derived;
  Options& options = derived.options;
  const std::uint64_t disk = budgets.disk == 0 ? ~std::uint64_t{0} : budgets.disk;
  const Shares shares = SharesOf(budgets.profile);
  const std::uint64_t sixteenth = budgets.memory / 16;

  // One takes writes while the others wait for their flush.
  const std::uint64_t memtables = options.frozen_memtables_max + 1;
  // Its log is up to four times as large: all of them are held to an eighth of the disk.
  const std::uint64_t memtable_most = std::min(kMemtableMax, disk / 8 / memtables);
  options.memtable_size =
      RoundDown(std::min(sixteenth * shares.memtables / memtables, memtable_most), kKiB);
  options.block_cache_size = std::min(sixteenth * shares.blocks, kCacheMax);
  derived.table_memory = budgets.memory - options.memtable_size * memtables -
                         options.block_cache_size - sixteenth * kAllocatorShare;

  const std::uint64_t segment = std::clamp(options.memtable_size, kSegmentMin, kSegmentMax);
  options.wal_segment_size = RoundDown(std::min(segment, disk / 32), 4 * kKiB);
  if (disk < kGiB) options.wal_recycled_max = 1;
  // Rule 1: a tenth of the memory, and what fits a segment.
  options.batch_size_max =
      std::min({options.batch_size_max, budgets.memory / 10, options.wal_segment_size / 2});
  options.value_size_max = std::min(options.value_size_max, options.batch_size_max);

  options.table_size = std::clamp(std::min(options.memtable_size, disk / 64), kTableMin, kTableMax);
  options.level_size_base = options.memtable_size * options.level0_compact_count;
  // Waiting tables are bytes twice over: no more of them than the disk has room for.
  options.compaction_debt_slow = std::min(options.compaction_debt_slow, disk / 4);
  options.compaction_debt_stop = std::min(options.compaction_debt_stop, disk / 2);
  if (budgets.profile == Profile::kReads) options.filter_bits_per_key = 14;
  // What is known of an open table is about a hundredth of it.
  options.open_tables_max =
      std::clamp<std::uint64_t>(derived.table_memory / (options.table_size / 64), 16, 4096);

  derived.write.sync = budgets.durability == Durability::kPowerLoss;
  if (Status sound = CheckOptions(options); !sound) return Fail(std::move(sound).error());
  return derived;
}

std::string DescribeOptions(const Options& options) {
  std::string text;
  for (const OptionLimit& limit : LimitsOf(options)) {
    text +=
        fmt::format("{:<28} {:>14}   {} to {}\n", limit.name, limit.value, limit.least, limit.most);
  }
  return text;
}

}  // namespace beach::engine
