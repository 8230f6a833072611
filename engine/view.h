// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/log_mark.h"
#include "engine/memtable/memtable.h"
#include "engine/memtable/range_list.h"
#include "engine/memtable/time_list.h"
#include "engine/options.h"
#include "engine/sst/table.h"
#include "engine/tables/catalogue.h"
#include "engine/types.h"
#include "engine/version.h"
#include "engine/write_batch.h"
#include "env/files.h"

namespace beach::engine {

// A memtable and the stretch of log that holds its content, from `log_begin` to the next one's.
struct LoggedMemtable {
  // `begin`: what the log below said of the time.
  explicit LoggedMemtable(const Options& options, TimeMark begin = {},
                          std::shared_ptr<ChunkPool> chunks = nullptr)
      : memtable(options.memtable_kind, options.memtable_size, std::move(chunks)), times(begin) {}

  std::uint64_t id = 0;  // increasing; 1 is the first of this open
  LogPosition log_begin;
  Memtable memtable;
  RangeList ranges;
  TimeList times;
  // With an external log: of what was applied last. Under the database's mutex, until it is frozen.
  std::optional<LogMark> mark;

  // As of a memtable, and so are the others.
  void Add(SequenceNumber sequence, const BatchOperation& operation);
  // Operations; and those of them that go to a table, as the time does not.
  std::uint64_t count() const { return table_count() + times.count(); }
  // There is nothing for a flush to do.
  bool IsEmpty() const { return count() == 0 && !mark; }
  std::uint64_t table_count() const { return memtable.count() + ranges.count(); }
  std::uint64_t size_bytes() const {
    return memtable.size_bytes() + ranges.size_bytes() + times.size_bytes();
  }
};

// What a read looks at: immutable but for the active memtable, to which newer entries are added
// that the read's sequence number hides. Shared by pointer, because reads and iterators outlive the
// moment in which a flush replaces it.
struct View : std::enable_shared_from_this<View> {
  std::shared_ptr<LoggedMemtable> active;
  std::vector<std::shared_ptr<LoggedMemtable>> frozen;  // oldest first
  std::shared_ptr<const Version> version;               // older than all of them
  std::shared_ptr<const LiveTables> tables;             // named ones

  // The time as of that number; of one below all memtables 0, which is no more than it was.
  std::uint64_t TimeAt(SequenceNumber sequence) const;
};

// Writes a memtable's entries and range deletes as table `file` and syncs it and its directory.
// After an error the file is debris. REQUIRES: at least one of either: table_count() is not 0.
Result<TableInfo> WriteTable(env::FileSystem& files, const std::string& directory,
                             DatabaseId database, FileNumber file, const Options& options,
                             const LoggedMemtable& memtable);

}  // namespace beach::engine
