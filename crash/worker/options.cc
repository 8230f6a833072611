// SPDX-License-Identifier: Apache-2.0
#include "crash/worker/options.h"

#include <algorithm>
#include <iterator>

namespace beach::crash {
namespace {

using engine::Options;

struct Field {
  const char* name;
  std::uint64_t Options::*number;
};

constexpr Field kFields[] = {
    {"block_cache_size", &Options::block_cache_size},
    {"block_size", &Options::block_size},
    {"compaction_delete_percent", &Options::compaction_delete_percent},
    {"compaction_read_worth", &Options::compaction_read_worth},
    {"compaction_threads", &Options::compaction_threads},
    {"concurrent_adds_min", &Options::concurrent_adds_min},
    {"filter_bits_per_key", &Options::filter_bits_per_key},
    {"frozen_memtables_max", &Options::frozen_memtables_max},
    {"level0_compact_count", &Options::level0_compact_count},
    {"level_size_base", &Options::level_size_base},
    {"level_size_ratio", &Options::level_size_ratio},
    {"log_kept_size", &Options::log_kept_size},
    {"manifest_size_max", &Options::manifest_size_max},
    {"memtable_size", &Options::memtable_size},
    {"table_size", &Options::table_size},
    {"wal_flights_max", &Options::wal_flights_max},
    {"wal_recycled_max", &Options::wal_recycled_max},
    {"wal_segment_size", &Options::wal_segment_size},
};

}  // namespace

Result<Options> MakeOptions(const NamedOptions& named) {
  Options options;
  for (const auto& [name, value] : named) {
    if (name == "wal_direct" && value <= 1) {
      options.wal_direct = value == 1;
    } else if (name == "compaction_style" && value <= 2) {
      options.compaction_style = static_cast<engine::CompactionStyle>(value);
    } else if (name == "compression" && value <= 2) {
      options.compression = static_cast<engine::Compression>(value);
    } else if (name == "memtable_kind" && value < engine::kMemtableKinds) {
      options.memtable_kind = static_cast<engine::MemtableKind>(value);
    } else {
      const auto* const field = std::ranges::find(kFields, name, &Field::name);
      if (field == std::end(kFields)) {
        return Fail(ErrorCode::kInvalidArgument,
                    "there is no option " + name + "=" + std::to_string(value));
      }
      options.*field->number = value;
    }
  }
  return options;
}

}  // namespace beach::crash
