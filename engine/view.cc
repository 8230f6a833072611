// SPDX-License-Identifier: Apache-2.0
#include "engine/view.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "env/marks.h"

namespace beach::engine {

Result<TableReaders> OpenTables(env::FileSystem& files, const std::string& directory,
                                const ManifestState& state,
                                const std::shared_ptr<sst::TableCache>& cache,
                                const TableReaders& opened) {
  std::vector<TableInfo> newest_first = state.tables;
  std::sort(newest_first.begin(), newest_first.end(),
            [](const TableInfo& a, const TableInfo& b) { return a.sequence_max > b.sequence_max; });
  TableReaders readers;
  readers.reserve(newest_first.size());
  for (std::size_t i = 0; i < newest_first.size(); ++i) {
    const TableInfo& info = newest_first[i];
    const std::string path = env::JoinPath(directory, TableFileName(info.file));
    if (i > 0 && info.sequence_max >= newest_first[i - 1].sequence_min) {
      return Fail(Error(ErrorCode::kCorruption, "the table overlaps a newer one").At(path));
    }
    const auto known = std::ranges::find_if(
        opened, [&](const auto& reader) { return reader->file() == info.file; });
    if (known != opened.end()) {
      readers.push_back(*known);
      continue;
    }
    auto reader = TableReader::Open(files, path, state.database, info, cache);
    if (!reader && reader.error().code() == ErrorCode::kNotFound) {
      return Fail(
          Error(ErrorCode::kCorruption, "a table that the manifest lists is missing").At(path));
    }
    if (!reader) return Fail(std::move(reader).error());
    readers.push_back(*std::move(reader));
  }
  return readers;
}

Result<TableInfo> WriteTable(env::FileSystem& files, const std::string& directory,
                             DatabaseId database, FileNumber file, const Options& options,
                             const Memtable& memtable) {
  BEACH_CHECK_GT(memtable.count(), 0U);
  const std::string path = env::JoinPath(directory, TableFileName(file));
  BEACH_TRY_ASSIGN(auto builder, TableBuilder::Create(files, path, database, file, options));
  const std::unique_ptr<Iterator> entry = memtable.NewIterator();
  std::uint64_t added = 0;
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    BEACH_TRY(builder->Add(entry->key(), entry->value()));
    ++added;
  }
  BEACH_TRY(entry->status());
  BEACH_TRY_ASSIGN(TableInfo info, builder->Finish());
  BEACH_CHECK_EQ(info.entries, added);
  // FAILPOINT: flush.table_synced: a whole table that no manifest lists, its name perhaps lost.
  BEACH_FAILPOINT("flush.table_synced");
  BEACH_TRY(files.SyncDirectory(directory));
  // FAILPOINT: flush.table_named: a whole table that no manifest lists: debris.
  BEACH_FAILPOINT("flush.table_named");
  return info;
}

}  // namespace beach::engine
