// SPDX-License-Identifier: Apache-2.0
#include "engine/limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "engine/group_payload.h"
#include "engine/wal/log.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kSegmentAlignment = 4 * kKiB;
constexpr std::uint64_t kSegmentSizeMin = 64 * kKiB;
constexpr std::uint64_t kSegmentSizeMax = 4096 * kMiB;
// Lengths inside batches, tables and flights are 32 bits; this leaves room for framing.
constexpr std::uint64_t kBytesMax = 1024 * kMiB;

struct Limit {
  const char* name;
  std::uint64_t value;
  std::uint64_t least;
  std::uint64_t most;
};

std::unexpected<Error> TooLarge(const char* what, std::uint64_t size, std::uint64_t most) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("a {} of {} bytes exceeds the limit of {}", what, size, most));
}

}  // namespace

Status CheckOptions(const Options& options) {
  const Limit limits[] = {
      {"key_size_max", options.key_size_max, 1, kBytesMax},
      {"value_size_max", options.value_size_max, 1, kBytesMax},
      {"batch_size_max", options.batch_size_max, 1, kBytesMax},
      {"memtable_size", options.memtable_size, kKiB, ~std::uint64_t{0} / 8},
      {"frozen_memtables_max", options.frozen_memtables_max, 1, 1024},
      {"wal_segment_size", options.wal_segment_size, kSegmentSizeMin, kSegmentSizeMax - 1},
      {"wal_group_size_max", options.wal_group_size_max, 1, kBytesMax},
      {"manifest_size_max", options.manifest_size_max, 1, ~std::uint64_t{0} / 8},
      {"block_size", options.block_size, 1, kBytesMax},
      {"block_restart_interval", options.block_restart_interval, 1, 1024 * kKiB},
  };
  for (const Limit& limit : limits) {
    if (limit.value < limit.least || limit.value > limit.most) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("option {} is {}, and must be {} to {}", limit.name, limit.value,
                              limit.least, limit.most));
    }
  }
  if (options.wal_segment_size % kSegmentAlignment != 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("option wal_segment_size is {}, and must be a multiple of {}",
                            options.wal_segment_size, kSegmentAlignment));
  }
  return {};
}

Status CheckBatch(const Options& options, const WriteBatch& batch) {
  BatchReader reader(batch.encoding());
  BatchOperation operation;
  while (reader.Next(operation)) {
    if (operation.key.size() > options.key_size_max) {
      return TooLarge("key", operation.key.size(), options.key_size_max);
    }
    if (operation.value.size() > options.value_size_max) {
      return TooLarge("value", operation.value.size(), options.value_size_max);
    }
  }
  BEACH_CHECK(reader.ok());  // the batch encoded it itself
  const std::uint64_t segment_room = wal::PayloadSizeMax(options.wal_segment_size);
  const std::uint64_t room = segment_room - std::min(segment_room, kGroupOverheadMax);
  const std::uint64_t most = std::min(options.batch_size_max, room);
  if (batch.size_bytes() > most) return TooLarge("batch", batch.size_bytes(), most);
  return {};
}

}  // namespace beach::engine
