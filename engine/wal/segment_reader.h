// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/wal/format.h"
#include "env/files.h"

namespace beach::engine::wal {

// Reads one segment in pieces, trusting none of its bytes. Holds one piece in memory, or one item
// where that is larger. Errors name the file; a read error is an error, never a missing item.
class SegmentReader {
 public:
  // kCorruption for a missing file (whoever names a segment says that it exists) and for a damaged
  // header block; kRefused for an unknown format version.
  static Result<SegmentReader> Open(env::FileSystem& files, const std::string& path);

  // Whether a whole item is at `offset`, and ends at or below `limit`.
  Result<bool> ItemAt(std::uint64_t offset, std::uint64_t limit, ItemHeader& header);
  // The item behind one that ended at `previous_end`: there, at the next block, or at the next
  // chunk.
  Result<bool> NextItem(std::uint64_t previous_end, std::uint64_t limit, ItemHeader& header);
  // The payload of an item that was found. The view lives until the next call.
  Result<ByteView> Payload(const ItemHeader& header);

  // Reads nothing from there on: somebody writes there now. REQUIRES: not below what it was, and
  // what is below does not change any more.
  void ReadNoFurther(std::uint64_t end);

  // Whether nothing was written to [offset, offset + length) in this use of the file, as far as can
  // be told: zeros, or in a recycled file what is no header of an item of this segment.
  Result<bool> Blank(std::uint64_t offset, std::uint64_t length);

  const SegmentBlock& block() const { return block_; }
  const std::string& path() const { return path_; }
  std::uint64_t file_size_bytes() const { return file_size_bytes_; }

 private:
  // Up to `length` bytes at `offset`; fewer only at the end of the file.
  Result<ByteView> Read(std::uint64_t offset, std::uint64_t length);
  // Makes these bytes, or those of them that the file has, the held piece.
  Status ReadPiece(std::uint64_t offset, std::uint64_t length);
  // Whether the file has the item whose header this is, whole.
  Result<bool> ItemIsWhole(const ItemHeader& header);
  // The same from the checksums of the file's blocks, in constant time once those are known.
  Result<bool> ItemIsWholeByPrefixes(const ItemHeader& header);
  Status ReadPrefixes();
  // The checksum of the first `length` bytes; nothing where the file became shorter.
  Result<std::optional<std::uint32_t>> Prefix(std::uint64_t length);

  std::string path_;
  std::unique_ptr<env::File> file_;
  std::uint64_t file_size_bytes_ = 0;
  std::uint64_t end_ = 0;  // nothing is read from there on
  SegmentBlock block_;
  Bytes piece_;  // of the file, from piece_offset_ on
  std::uint64_t piece_offset_ = 0;
  // Headers may claim lengths that overlap, each up to the end of the file: once the work on those
  // that were no items is more than a little, it goes on with prefixes, and so is linear.
  std::uint64_t wasted_bytes_ = 0;
  std::vector<std::uint32_t> prefixes_;  // checksums of the first i blocks; empty: not read yet
};

// What the items of a segment say, wherever they stand in it: steps 2 and, for the dump, 4.
class SegmentScan {
 public:
  // Looks at every block boundary below `limit`, and follows runs from there.
  static Result<SegmentScan> Of(SegmentReader& reader, std::uint64_t limit);

  LogPosition durable() const { return durable_; }  // the greatest that an item carries
  bool holds_items() const { return !extents_.empty(); }
  // Holds what only a log that serves writes: a flight, or anything behind a vouch. RelogTail
  // writes run records, and one vouch behind them.
  bool served() const { return served_; }
  // Bytes of items that start at `offset` or behind it.
  std::uint64_t BytesFrom(std::uint64_t offset) const;
  // The first sound item at `offset` or behind it, or `limit` of the scan.
  std::uint64_t FirstFrom(std::uint64_t offset) const;

 private:
  struct Extent {  // items that are linked to each other
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
  };
  LogPosition durable_;
  bool served_ = false;
  std::uint64_t limit_ = 0;
  std::vector<Extent> extents_;
};

}  // namespace beach::engine::wal
