// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/internal_key.h"
#include "engine/manifest/state.h"
#include "engine/point_read.h"
#include "engine/range_tombstones.h"
#include "engine/sst/expiry_profile.h"
#include "engine/sst/table.h"
#include "engine/types.h"
#include "env/files.h"

namespace beach::engine {

// A table that the manifest lists, and its reader. Shared by pointer: versions and reads outlive
// the compaction that replaces it, whose file is removed while it is still open.
struct Table {
  TableInfo info;
  std::uint64_t deletes = 0;            // tombstones among its entries, range deletes too
  std::shared_ptr<TableReader> reader;  // null only in tests of what does not read
  RangeTombstones ranges = {};          // the reader's
  sst::ExpiryProfile expiring = {};     // of its entries, those that can
};
using TablePointer = std::shared_ptr<const Table>;

inline ByteView SmallestKeyOf(const Table& table) { return UserKeyOf(table.info.smallest); }
// Of a table that ends with a range delete: not in it, but everything in front is.
inline ByteView LargestKeyOf(const Table& table) { return UserKeyOf(table.info.largest); }
// The table holds nothing of the key, nor of any behind it.
inline bool EndsBefore(const Table& table, ByteView key) {
  const int order = LargestKeyOf(table).compare(key);
  return order < 0 || (order == 0 && IsExclusiveBound(table.info.largest));
}

// The tables as they are at one moment. Immutable once it is shared.
//
// Level 0 has its newest data first: tables there are disjoint in sequence numbers, and any of them
// may hold any key. Each deeper level is sorted by smallest key and disjoint in user keys. Of one
// key, what a level holds is newer than what any deeper level holds.
struct Version {
  using Level = std::vector<TablePointer>;
  std::array<Level, kLevelCount> levels;
  std::array<bool, kLevelCount> has_ranges =
      {};  // whether any table of the level has range deletes

  // Goes on with a read that is not done yet; where it would block it stops.
  Status LookInto(PointRead& read, const TableReadOptions& options = {}) const;
  // One for each table of level 0, and for each deeper level one over all of it, which opens its
  // tables as it comes to them. They must not outlive the version.
  void AppendIterators(std::vector<std::unique_ptr<Iterator>>& sources) const;

  // Those of a deeper level that hold keys of [smallest, largest]: as [begin, end) in it.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  Range Overlapping(std::uint32_t level, ByteView smallest, ByteView largest) const;

  std::uint64_t LevelSize(std::uint32_t level) const;  // bytes of its tables

  // The version after an edit that removes and adds: places in the levels follow from the tables.
  Version With(const std::vector<FileNumber>& removed,
               const std::vector<TablePointer>& added) const;
};

// The table of a deeper level that the key lies in, or null.
const Table* TableOver(const Version::Level& level, ByteView key);

// Over internal keys: all tables of one deeper level, or any that are sorted and disjoint. An error
// of a table is the iterator's: it never goes on to the next one. The tables must outlive it where
// they lie.
std::unique_ptr<Iterator> NewLevelIterator(std::span<const TablePointer> tables,
                                           const TableReadOptions& options = {});

// The listed tables, opened. kCorruption for a missing one (rule 14). Those in `opened` are taken
// as they are; the others read through `cache`, where there is one. REQUIRES: a state that passes
// Check.
Result<std::shared_ptr<const Version>> OpenTables(
    env::FileSystem& files, const std::string& directory, const ManifestState& state,
    const std::shared_ptr<sst::TableCache>& cache = nullptr,
    const std::shared_ptr<const Version>& opened = nullptr);
Result<TablePointer> OpenTable(env::FileSystem& files, const std::string& directory,
                               DatabaseId database, const TableInfo& info,
                               const std::shared_ptr<sst::TableCache>& cache);

}  // namespace beach::engine
