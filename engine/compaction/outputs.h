// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/options.h"
#include "engine/sst/range_deletes.h"
#include "engine/sst/table.h"
#include "engine/types.h"
#include "env/files.h"

namespace beach::engine {

// The tables that a job writes, one after the other: cut at a size, never inside the versions of
// one key; range deletes are cut with them, so that each piece lies within its table's bounds. They
// are debris until the manifest lists them: unless Release is called, all are removed (best effort)
// when this goes. Not thread-safe.
class OutputTables {
 public:
  struct Place {
    env::FileSystem& files;
    const std::string& directory;
    DatabaseId database;
    const Options& options;
    std::uint32_t level = 0;
    std::uint64_t size_max = 0;  // of one table, about; 0: all go into one
    std::function<FileNumber()> new_file;
  };

  explicit OutputTables(Place place) : place_(std::move(place)) {}
  ~OutputTables();
  OutputTables(const OutputTables&) = delete;
  OutputTables& operator=(const OutputTables&) = delete;

  // In order; before any entry.
  void SetRangeDeletes(sst::RangeDeletes ranges);
  // Entries come in ascending order.
  Status Add(ByteView internal_key, ByteView value);
  // Ends the last table and makes all of them durable, names included. Each is synced.
  Status Finish();
  // From here on they are the caller's.
  void Release() { files_.clear(); }

  const std::vector<TableInfo>& tables() const { return tables_; }
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  bool IsFull(ByteView next_key) const;
  // `first_key`: the user key of its first entry, if it has any.
  Status BeginTable(ByteView first_key);
  // `cut`: the key that the next table begins with; unset: there is none.
  Status EndTable(const std::optional<ByteView>& cut);

  const Place place_;
  std::vector<FileNumber> files_;  // to be removed
  std::vector<TableInfo> tables_;  // that are ended
  std::unique_ptr<TableBuilder> builder_;
  std::uint64_t first_key_size_ = 0;  // of the user key that came first in it
  Bytes last_key_;                    // the user key that came last
  sst::RangeDeletes ranges_;          // what tables that are ended do not have of them
  std::uint64_t longest_ = 0;         // of their keys
  std::uint64_t bytes_written_ = 0;
  std::uint64_t bounds_size_ = 0;  // of the keys that the manifest must list
};

}  // namespace beach::engine
