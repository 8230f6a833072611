// SPDX-License-Identifier: Apache-2.0
#include "engine/limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "engine/group_payload.h"
#include "engine/manifest/manifest_file.h"
#include "engine/manifest/state.h"
#include "engine/sst/filter.h"
#include "engine/tables/stored_key.h"
#include "engine/wal/log.h"

namespace beach::engine {
namespace {

constexpr auto kCompressionMax = static_cast<std::uint64_t>(Compression::kZstd);
constexpr std::uint64_t kSegmentAlignment = 4 * kKiB;
constexpr std::uint64_t kSegmentSizeMin = 64 * kKiB;
constexpr std::uint64_t kSegmentSizeMax = 4096 * kMiB - kSegmentAlignment;
// An entry of a table has at most 1 GiB, and lengths inside batches, tables and flights are 32
// bits: this leaves room for keys and framing.
constexpr std::uint64_t kBytesMax = 512 * kMiB;
// A manifest record of 16 MiB must hold the bounds of a table, two keys.
constexpr std::uint64_t kKeySizeMax = 4 * kMiB;
// The index of a table, smaller than the memtable it was, has offsets of 32 bits.
constexpr std::uint64_t kMemtableSizeMax = 1024 * kMiB;
// A manifest may exceed it twice over, and no reader takes one above 1 GiB.
constexpr std::uint64_t kManifestSizeMax = 256 * kMiB;
// Of log segments that the memtables' budget is worth. The log may be four times that, and all of
// its segments must fit one manifest record.
constexpr std::uint64_t kMemtableSegmentsMax = 16 * kKiB;
constexpr std::uint64_t kLevel0CountMax = 10'000;
constexpr std::uint64_t kDebtMax = 1024 * 1024 * kGiB;
static_assert(kManifestRecordSizeMax >= 2 * (kKeySizeMax + kKeyPrefixMax) + kMiB);
static_assert(kManifestFileSizeMax >= 3 * kManifestSizeMax);
static_assert(kSegmentsListedMax >= 8 * kMemtableSegmentsMax);  // with those that are kept

std::unexpected<Error> TooLarge(const char* what, std::uint64_t size, std::uint64_t most) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("a {} of {} bytes exceeds the limit of {}", what, size, most));
}

}  // namespace

std::vector<OptionLimit> LimitsOf(const Options& options) {
  return {
      {"key_size_max", options.key_size_max, 1, kKeySizeMax},
      {"value_size_max", options.value_size_max, 1, kBytesMax},
      {"batch_size_max", options.batch_size_max, 1, kBytesMax},
      {"memtable_size", options.memtable_size, kKiB, kMemtableSizeMax},
      {"memtable_kind", static_cast<std::uint64_t>(options.memtable_kind), 0, kMemtableKinds - 1},
      {"concurrent_adds_min", options.concurrent_adds_min, 0, 4096 * kMiB},
      {"frozen_memtables_max", options.frozen_memtables_max, 1, 1024},
      {"wal_segment_size", options.wal_segment_size, kSegmentSizeMin, kSegmentSizeMax},
      {"wal_flights_max", options.wal_flights_max, 1, 8},
      {"wal_recycled_max", options.wal_recycled_max, 0, 64},
      {"wal_group_size_max", options.wal_group_size_max, 1, kBytesMax},
      {"log_cursors_max", options.log_cursors_max, 1, 4096},
      {"log_pinned_size_max", options.log_pinned_size_max, 0, 1024 * 1024 * kGiB},
      {"log_kept_size", options.log_kept_size, 0, kMemtableSegmentsMax * options.wal_segment_size},
      {"file_pins_max", options.file_pins_max, 1, 4096},
      {"manifest_size_max", options.manifest_size_max, 1, kManifestSizeMax},
      {"block_size", options.block_size, 1, kBytesMax},
      {"block_restart_interval", options.block_restart_interval, 1, 1024 * kKiB},
      {"filter_bits_per_key", options.filter_bits_per_key, 0, sst::kFilterBitsPerKeyMax},
      {"compression", static_cast<std::uint64_t>(options.compression), 0, kCompressionMax},
      {"bottom_compression", static_cast<std::uint64_t>(options.bottom_compression), 0,
       kCompressionMax},
      {"block_cache_size", options.block_cache_size, 0, 1024 * 1024 * kMiB},
      {"open_tables_max", options.open_tables_max, 1, 1024 * kKiB},
      {"readahead_max", options.readahead_max, 0, 64 * kMiB},
      {"compaction_style", static_cast<std::uint64_t>(options.compaction_style), 0, 2},
      {"compaction_threads", options.compaction_threads, 1, 8},
      {"table_size", options.table_size, 1, kGiB},
      {"level0_compact_count", options.level0_compact_count, 1, kLevel0CountMax},
      {"level0_slow_count", options.level0_slow_count, options.level0_compact_count,
       kLevel0CountMax},
      {"level0_stop_count", options.level0_stop_count, options.level0_slow_count, kLevel0CountMax},
      {"level_size_base", options.level_size_base, 1, 1024 * kGiB},
      {"level_size_ratio", options.level_size_ratio, 2, 100},
      {"compaction_debt_slow", options.compaction_debt_slow, 1, kDebtMax},
      {"compaction_debt_stop", options.compaction_debt_stop, options.compaction_debt_slow,
       kDebtMax},
      {"compaction_delete_percent", options.compaction_delete_percent, 1, 101},
      {"compaction_read_worth", options.compaction_read_worth, 0, kGiB},
      {"compaction_bytes_per_second", options.compaction_bytes_per_second,
       options.compaction_bytes_per_second == 0 ? 0 : 4 * kKiB, 1024 * kGiB},
      {"safe_sequence", options.safe_sequence.value_or(SequenceNumber{}).value, 0,
       kMaxSequence.value},
      {"async_writes_max", options.async_writes_max, 1, 1024 * kKiB},
      {"async_bytes_max", options.async_bytes_max, 1, 1024 * kGiB},
      {"snapshots_max", options.snapshots_max, 1, 4096 * kMiB},
      {"named_tables_max", options.named_tables_max, 1, 1024 * kKiB},
  };
}

Status CheckOptions(const Options& options) {
  for (const OptionLimit& limit : LimitsOf(options)) {
    if (limit.value < limit.least || limit.value > limit.most) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("option {} is {}, and must be {} to {}", limit.name, limit.value,
                              limit.least, limit.most));
    }
  }
  if (options.wal_segment_size % kSegmentAlignment != 0) {
    return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("option wal_segment_size is {}, and must be a multiple of {}, {} to {}",
                    options.wal_segment_size, kSegmentAlignment, kSegmentSizeMin, kSegmentSizeMax));
  }
  if (options.external_log && options.log_kept_size > 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "option log_kept_size must be 0 with external_log: there is no log to be kept");
  }
  const std::uint64_t memtables = options.frozen_memtables_max + 1;
  const std::uint64_t most = kMemtableSegmentsMax * options.wal_segment_size / memtables;
  if (options.memtable_size > most) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("option memtable_size is {}, and must be {} to {} with a "
                            "wal_segment_size of {} and a frozen_memtables_max of {}",
                            options.memtable_size, kKiB, most, options.wal_segment_size,
                            options.frozen_memtables_max));
  }
  return {};
}

Status CheckBatch(const Options& options, const WriteBatch& batch) {
  if (batch.malformed()) {
    return Fail(ErrorCode::kInvalidArgument,
                "a range that ends before it begins, an operand that its operator does not take, "
                "or a table "
                "that no database has given");
  }
  if (batch.key_size_max() > options.key_size_max) {
    return TooLarge("key", batch.key_size_max(), options.key_size_max);
  }
  if (batch.value_size_max() > options.value_size_max) {
    return TooLarge("value", batch.value_size_max(), options.value_size_max);
  }
  const std::uint64_t segment_room = wal::PayloadSizeMax(options.wal_segment_size);
  const std::uint64_t room = segment_room - std::min(segment_room, kGroupOverheadMax);
  const std::uint64_t most = std::min(options.batch_size_max, room);
  if (batch.size_bytes() > most) return TooLarge("batch", batch.size_bytes(), most);
  return {};
}

Status CheckConditions(const Options& options, const WriteConditions& conditions) {
  if (conditions.all().size() > WriteConditions::kCountMax) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} conditions exceed the limit of {}", conditions.all().size(),
                            WriteConditions::kCountMax));
  }
  for (const WriteConditions::Condition& condition : conditions.all()) {
    const std::uint64_t key_size = condition.key.size();
    if (key_size > options.key_size_max) return TooLarge("key", key_size, options.key_size_max);
  }
  if (conditions.size_bytes() > options.batch_size_max) {
    return TooLarge("set of conditions", conditions.size_bytes(), options.batch_size_max);
  }
  return {};
}

}  // namespace beach::engine
