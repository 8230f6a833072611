// SPDX-License-Identifier: Apache-2.0
#include "engine/view.h"

#include "base/check.h"
#include "env/marks.h"

namespace beach::engine {

void LoggedMemtable::Add(SequenceNumber sequence, const BatchOperation& operation) {
  if (operation.kind == ValueKind::kDeleteRange) {
    ranges.Add(sequence, operation.key, operation.end);
  } else if (operation.kind == ValueKind::kTime) {
    times.Add(sequence, operation.time);
  } else {
    memtable.Add(sequence, operation.kind, operation.key, operation.value);
  }
}

std::uint64_t View::TimeAt(SequenceNumber sequence) const {
  if (sequence >= active->times.begin().sequence) return active->times.At(sequence);
  for (auto memtable = frozen.rbegin(); memtable != frozen.rend(); ++memtable) {
    const TimeList& times = (*memtable)->times;
    if (sequence >= times.begin().sequence) return times.At(sequence);
  }
  return 0;
}

Result<TableInfo> WriteTable(env::FileSystem& files, const std::string& directory,
                             DatabaseId database, FileNumber file, const Options& options,
                             const LoggedMemtable& memtable) {
  BEACH_CHECK_GT(memtable.table_count(), 0U);
  const std::string path = env::JoinPath(directory, TableFileName(file));
  BEACH_TRY_ASSIGN(auto builder, TableBuilder::Create(files, path, database, file, options));
  const std::unique_ptr<Iterator> entry = memtable.memtable.NewIterator();
  std::uint64_t added = 0;
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    BEACH_TRY(builder->Add(entry->key(), entry->value()));
    ++added;
  }
  BEACH_TRY(entry->status());
  for (const RangeTombstones* const part : memtable.ranges.parts()) {
    for (const sst::RangeDelete* const range : part->all()) {
      builder->AddRangeDelete(range->begin, range->end, range->sequence);
      ++added;
    }
  }
  BEACH_TRY_ASSIGN(TableInfo info, builder->Finish());
  BEACH_CHECK_EQ(info.entries, added);
  // FAILPOINT: flush_after_file_sync: a whole table that no manifest lists, its name perhaps lost.
  BEACH_FAILPOINT("flush_after_file_sync");
  // FAILPOINT: sst_publish_error: the sync that makes the name of a flushed table durable.
  BEACH_TRY(BEACH_FAULTPOINT("sst_publish_error"));
  BEACH_TRY(files.SyncDirectory(directory));
  // FAILPOINT: flush_after_directory_sync: a whole table that no manifest lists: debris.
  BEACH_FAILPOINT("flush_after_directory_sync");
  return info;
}

}  // namespace beach::engine
