// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/manifest/state.h"
#include "engine/memtable/memtable.h"
#include "engine/sst/table.h"
#include "engine/types.h"
#include "env/files.h"

namespace beach::engine {

// A memtable and the stretch of log that holds its content, from `log_begin` to the next one's.
struct LoggedMemtable {
  std::uint64_t id = 0;  // increasing; 1 is the first of this open
  LogPosition log_begin;
  Memtable memtable;
};

// What a read looks at: immutable but for the active memtable, to which newer entries are added
// that the read's sequence number hides. Shared by pointer, because reads and iterators outlive the
// moment in which a flush replaces it.
struct View {
  std::shared_ptr<LoggedMemtable> active;
  std::vector<std::shared_ptr<LoggedMemtable>> frozen;  // oldest first
  std::vector<std::shared_ptr<TableReader>> tables;     // newest data first
};

using TableReaders = std::vector<std::shared_ptr<TableReader>>;

// Readers for all tables of the state, newest data first. kCorruption for a missing one (rule 14)
// or where two overlap in sequence numbers, which flushes never make. Those in `opened` are taken
// as they are; the others read through `cache`, where there is one.
Result<TableReaders> OpenTables(env::FileSystem& files, const std::string& directory,
                                const ManifestState& state,
                                const std::shared_ptr<sst::TableCache>& cache = nullptr,
                                const TableReaders& opened = {});

// Writes a memtable's entries as table `file` and syncs it and its directory. After an error the
// file is debris. REQUIRES: at least one entry.
Result<TableInfo> WriteTable(env::FileSystem& files, const std::string& directory,
                             DatabaseId database, FileNumber file, const Options& options,
                             const Memtable& memtable);

}  // namespace beach::engine
