// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/iterator.h"
#include "engine/memtable/memtable.h"
#include "engine/options.h"
#include "engine/sst/table_info.h"
#include "engine/types.h"
#include "env/files.h"

// Sorted tables on disk, format v2 (docs/formats/sst.md): data blocks with prefix compression,
// restart points and a hash index, compressed or not; a filter, range deletes, properties, an index
// block, a footer; a CRC32C per block; the file's identity (database id and file number) in the
// footer, bound into every block's CRC, so that another file's block never passes for this one's.

namespace beach::engine {

namespace sst {
class TableCache;
struct Properties;
struct RangeDelete;
}  // namespace sst

// Writes one table. Entries come in strictly ascending internal-key order. Not thread-safe. A
// builder that is dropped before Finish leaves a file that no manifest lists: debris.
class TableBuilder {
 public:
  // `bottom`: the table goes to the deepest level, and has its compression.
  static Result<std::unique_ptr<TableBuilder>> Create(env::FileSystem& files, std::string path,
                                                      DatabaseId database, FileNumber file,
                                                      const Options& options, bool bottom = false);
  virtual ~TableBuilder() = default;

  virtual Status Add(ByteView internal_key, ByteView value) = 0;
  // Deletes what user keys in [begin, end) had below `sequence`; in any order, between entries or
  // not. REQUIRES: begin < end; no range is added twice with the same sequence number.
  virtual void AddRangeDelete(ByteView begin, ByteView end, SequenceNumber sequence) = 0;
  // What the file would have if it were finished now, nearly: to end a table by.
  virtual std::uint64_t size_bytes() const = 0;
  // Writes filter, range deletes, index, properties and footer and syncs the file (its directory is
  // the caller's). REQUIRES: at least one entry or range delete. After an error the file is debris.
  virtual Result<TableInfo> Finish() = 0;
};

// How a table is read.
struct TableReadOptions {
  // Whether data blocks that were not in the cache stay there: not for who reads each but once.
  bool fill_cache = true;
  // Of Get. Where set, nothing is read from the file: it becomes true where a block is not in
  // memory, and what is returned then means nothing.
  bool* would_block = nullptr;
};

// Reads one table. Thread-safe. Every block's checksum is verified before its content is believed;
// every length is checked before it is used. Filter, index, range deletes and properties are in
// memory while the reader lives; its file is open while the cache's limit allows, and opened again
// by name when it is needed: a file that is to be removed while reads of it go on must be kept open
// before (KeepOpen).
class TableReader {
 public:
  // Verifies footer, identity, index, filter, range deletes and properties against `info`;
  // `database` is the one that lists it, and wrote it unless info.origin names another, under
  // info.file unless info.origin_file names another. Reads go
  // through `cache`, where there is one; Verify does not. REQUIRES: `files` outlives the reader.
  static Result<std::unique_ptr<TableReader>> Open(
      env::FileSystem& files, std::string path, DatabaseId database, const TableInfo& info,
      std::shared_ptr<sst::TableCache> cache = nullptr);
  virtual ~TableReader() = default;

  virtual FileNumber file() const = 0;
  virtual const sst::Properties& properties() const = 0;
  // In order (sst/range_deletes.h). Live as long as the reader. Neither Get nor iterators apply
  // them: what covers a key may lie in another table.
  virtual const std::vector<sst::RangeDelete>& range_deletes() const = 0;

  virtual Result<std::optional<VersionFound>> Get(ByteView key, SequenceNumber sequence,
                                                  const TableReadOptions& options = {}) = 0;
  // Over internal keys. Must not outlive the reader.
  virtual std::unique_ptr<Iterator> NewIterator(const TableReadOptions& options = {}) = 0;
  // Reads every block and checks checksums, order, bounds, hash indexes and the filter against the
  // entries, and counts against the properties.
  virtual Status Verify() = 0;

  // Opens the file where it is not, and closes it no more before the reader goes, whatever the
  // limit: it may be removed then.
  virtual Status KeepOpen() = 0;
};

}  // namespace beach::engine
