// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/iterator.h"
#include "engine/memtable/memtable.h"
#include "engine/options.h"
#include "engine/types.h"
#include "env/files.h"

// Sorted tables on disk, format v1 (docs/formats/sst.md): data blocks with prefix compression and
// restart points, an index block, properties, a footer; a CRC32C per block; the file's identity
// (database id and file number) in the footer, bound into every block's CRC, so that another file's
// block never passes for this one's.

namespace beach::engine {

namespace sst {
class BlockCache;
}

// Tells this database's files from another's: random, made at creation.
struct DatabaseId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const DatabaseId&, const DatabaseId&) = default;
};

// A table as the manifest lists it.
struct TableInfo {
  FileNumber file;
  std::uint64_t size_bytes = 0;
  std::uint64_t entries = 0;
  Bytes smallest;  // internal keys, both included
  Bytes largest;
  SequenceNumber sequence_min;
  SequenceNumber sequence_max;
  std::uint32_t level = 0;  // where the manifest has it: 0 is the newest data

  friend bool operator==(const TableInfo&, const TableInfo&) = default;
};

// "000013.sst".
std::string TableFileName(FileNumber file);

// Writes one table. Entries come in strictly ascending internal-key order. Not thread-safe. A
// builder that is dropped before Finish leaves a file that no manifest lists: debris.
class TableBuilder {
 public:
  static Result<std::unique_ptr<TableBuilder>> Create(env::FileSystem& files, std::string path,
                                                      DatabaseId database, FileNumber file,
                                                      const Options& options);
  virtual ~TableBuilder() = default;

  virtual Status Add(ByteView internal_key, ByteView value) = 0;
  // Writes index, properties and footer and syncs the file (its directory is the caller's).
  // REQUIRES: at least one entry. After an error the file is debris.
  virtual Result<TableInfo> Finish() = 0;
};

// Reads one table. Thread-safe. Every block's checksum is verified before its content is believed;
// every length is checked before it is used.
class TableReader {
 public:
  // Verifies footer, identity, index and properties against `info`. Reads go through `cache`, where
  // there is one; Verify does not.
  static Result<std::unique_ptr<TableReader>> Open(
      env::FileSystem& files, std::string path, DatabaseId database, const TableInfo& info,
      std::shared_ptr<sst::BlockCache> cache = nullptr);
  virtual ~TableReader() = default;

  virtual FileNumber file() const = 0;
  // Of its entries, how many are tombstones.
  virtual std::uint64_t deletes() const = 0;
  virtual Result<std::optional<VersionFound>> Get(ByteView key, SequenceNumber sequence) = 0;
  // Over internal keys. Must not outlive the reader.
  virtual std::unique_ptr<Iterator> NewIterator() = 0;
  // Reads every block and checks checksums, order, bounds and counts against the properties.
  virtual Status Verify() = 0;
};

}  // namespace beach::engine
