// SPDX-License-Identifier: Apache-2.0
#include "engine/version.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/properties.h"

namespace beach::engine {
namespace {

// Level 0: newest data first, whatever the file numbers say. Deeper ones: by key.
void Arrange(Version& version) {
  for (std::uint32_t i = 0; i < kLevelCount; ++i) {
    Version::Level& level = version.levels[i];
    std::sort(level.begin(), level.end(), [i](const TablePointer& a, const TablePointer& b) {
      if (i > 0) return CompareInternalKeys(a->info.smallest, b->info.smallest) < 0;
      return a->info.sequence_max > b->info.sequence_max;
    });
    version.has_ranges[i] =
        std::ranges::any_of(level, [](const TablePointer& t) { return !t->ranges.empty(); });
  }
}

// Of a table that the key lies in. Whether the read ends with it.
Result<bool> EndsIn(const Table& table, PointRead& read, const TableReadOptions& options) {
  const auto get = [&](SequenceNumber at) { return table.reader->Get(read.key(), at, options); };
  BEACH_TRY(read.LookInto(table.ranges.NewestOver(read.key(), read.at()), get));
  return read.done() || (options.would_block != nullptr && *options.would_block);
}

}  // namespace

Status Version::LookInto(PointRead& read, const TableReadOptions& options) const {
  for (const TablePointer& table : levels[0]) {
    if (read.key() < SmallestKeyOf(*table) || EndsBefore(*table, read.key())) continue;
    BEACH_TRY_ASSIGN(const bool ends, EndsIn(*table, read, options));
    if (ends) return {};
  }
  for (std::uint32_t level = 1; level < kLevelCount; ++level) {
    if (levels[level].empty()) continue;
    const Table* const table = TableOver(levels[level], read.key());
    if (table == nullptr) continue;
    BEACH_TRY_ASSIGN(const bool ends, EndsIn(*table, read, options));
    if (ends) return {};
  }
  return {};
}

const Table* TableOver(const Version::Level& level, ByteView key) {
  const auto table = std::partition_point(
      level.begin(), level.end(), [key](const TablePointer& t) { return EndsBefore(*t, key); });
  if (table == level.end() || SmallestKeyOf(**table) > key) return nullptr;
  return table->get();
}

void Version::AppendIterators(std::vector<std::unique_ptr<Iterator>>& sources) const {
  for (const TablePointer& table : levels[0]) sources.push_back(table->reader->NewIterator());
  for (std::uint32_t level = 1; level < kLevelCount; ++level) {
    if (!levels[level].empty()) sources.push_back(NewLevelIterator(levels[level]));
  }
}

Version::Range Version::Overlapping(std::uint32_t level, ByteView smallest,
                                    ByteView largest) const {
  BEACH_CHECK_GT(level, 0U);
  const Level& tables = levels[level];
  const auto begin =
      std::partition_point(tables.begin(), tables.end(),
                           [smallest](const TablePointer& t) { return EndsBefore(*t, smallest); });
  const auto end = std::partition_point(begin, tables.end(), [largest](const TablePointer& t) {
    return SmallestKeyOf(*t) <= largest;
  });
  return {.begin = static_cast<std::size_t>(begin - tables.begin()),
          .end = static_cast<std::size_t>(end - tables.begin())};
}

std::uint64_t Version::LevelSize(std::uint32_t level) const {
  std::uint64_t size = 0;
  for (const TablePointer& table : levels[level]) size += table->info.size_bytes;
  return size;
}

Version Version::With(const std::vector<FileNumber>& removed,
                      const std::vector<TablePointer>& added) const {
  Version next = *this;
  std::size_t erased = 0;
  for (Level& level : next.levels) {
    erased += std::erase_if(level, [&removed](const TablePointer& table) {
      return std::ranges::find(removed, table->info.file) != removed.end();
    });
  }
  BEACH_CHECK_EQ(erased, removed.size());
  for (const TablePointer& table : added) {
    BEACH_CHECK_LT(table->info.level, kLevelCount);
    next.levels[table->info.level].push_back(table);
  }
  Arrange(next);
  return next;
}

Result<TablePointer> OpenTable(env::FileSystem& files, const std::string& directory,
                               DatabaseId database, const TableInfo& info,
                               const std::shared_ptr<sst::TableCache>& cache) {
  const std::string path = env::JoinPath(directory, TableFileName(info.file));
  BEACH_TRY_ASSIGN(auto reader, TableReader::Open(files, path, database, info, cache));
  const sst::Properties& properties = reader->properties();
  const std::uint64_t deletes = properties.deletes + properties.range_deletes;
  RangeTombstones ranges = RangeTombstones::Of(reader->range_deletes());
  const sst::ExpiryProfile expiring = properties.expiring;
  return std::make_shared<const Table>(Table{.info = info,
                                             .deletes = deletes,
                                             .reader = std::move(reader),
                                             .ranges = std::move(ranges),
                                             .expiring = expiring});
}

Result<std::shared_ptr<const Version>> OpenTables(env::FileSystem& files,
                                                  const std::string& directory,
                                                  const ManifestState& state,
                                                  const std::shared_ptr<sst::TableCache>& cache,
                                                  const std::shared_ptr<const Version>& opened) {
  std::vector<TablePointer> known;
  if (opened != nullptr) {
    for (const Version::Level& level : opened->levels) {
      known.insert(known.end(), level.begin(), level.end());
    }
  }
  std::sort(known.begin(), known.end(), [](const TablePointer& a, const TablePointer& b) {
    return a->info.file < b->info.file;
  });
  auto version = std::make_shared<Version>();
  for (const TableInfo& info : state.tables) {
    Version::Level& level = version->levels[info.level];
    const auto found = std::lower_bound(
        known.begin(), known.end(), info.file,
        [](const TablePointer& t, FileNumber file) { return t->info.file < file; });
    if (found != known.end() && (*found)->info == info) {
      level.push_back(*found);
      continue;
    }
    auto table = OpenTable(files, directory, state.database, info, cache);
    if (!table && table.error().code() == ErrorCode::kNotFound) {
      const std::string path = env::JoinPath(directory, TableFileName(info.file));
      return Fail(
          Error(ErrorCode::kCorruption, "a table that the manifest lists is missing").At(path));
    }
    if (!table) return Fail(std::move(table).error());
    level.push_back(*std::move(table));
  }
  Arrange(*version);
  return version;
}

}  // namespace beach::engine
