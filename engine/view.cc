// SPDX-License-Identifier: Apache-2.0
#include "engine/view.h"

#include "base/check.h"
#include "env/marks.h"

namespace beach::engine {

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
