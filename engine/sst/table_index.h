// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/internal_key.h"
#include "engine/sst/format.h"

// The content of the index block: for each data block, in order,
//
//   key size (varint), last internal key of the block, stored size of the block (varint)
//
// Data blocks lie one behind the other from the start of the file, so sizes are places. In memory
// it is flat: a search looks at one array of 8-byte prefixes, and at keys only where those are
// equal.

namespace beach::engine::sst {

class TableIndexBuilder {
 public:
  // REQUIRES: last keys ascend; size_bytes > 0.
  void Add(ByteView last_key, std::uint64_t size_bytes);
  Bytes Finish() { return std::move(content_); }
  std::uint64_t size_bytes() const { return content_.size(); }

 private:
  Bytes content_;
};

// An index that was read. Immutable; thread-safe.
class TableIndex {
 public:
  TableIndex() = default;  // of no blocks
  // kCorruption unless keys are internal keys that ascend, and the blocks fill [0, data_end) with
  // their trailers. `path`, `offset`: of the index, for errors.
  static Result<TableIndex> Parse(Bytes content, std::uint64_t data_end, const std::string& path,
                                  std::uint64_t offset);

  std::size_t count() const { return prefixes_.size(); }  // of data blocks; may be 0
  // The first block whose last key is not before an internal key, or its two parts; count() where
  // there is none.
  std::size_t Find(ByteView user_key, std::uint64_t trailer) const;
  std::size_t Find(ByteView internal_key) const {
    return Find(UserKeyOf(internal_key), TrailerOf(internal_key));
  }

  // REQUIRES: block < count().
  BlockHandle handle(std::size_t block) const {
    const std::uint64_t begin = entries_[block].offset;
    return {.offset = begin, .size = entries_[block + 1].offset - begin - kBlockTrailerSize};
  }
  ByteView last_key(std::size_t block) const {
    return ByteView(content_).substr(entries_[block].key_offset, entries_[block].key_size);
  }

 private:
  // Of all tables these are in memory all the time: 16 bytes, no room to grow.
  struct Entry {
    std::uint64_t offset = 0;           // of the block
    std::uint64_t key_offset : 40 = 0;  // in content_
    std::uint64_t key_size : 24 = 0;
  };
  static constexpr std::size_t kKeySizeMax = (std::size_t{1} << 24) - 1;
  static constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << 40) - 1;
  std::uint64_t PrefixOf(ByteView user_key) const;

  Bytes content_;
  std::vector<Entry> entries_;  // and one behind the last block
  std::size_t common_ = 0;      // bytes that all user keys begin with
  // Of each user key, the 8 bytes behind those, as a number that orders like they do.
  std::vector<std::uint64_t> prefixes_;
};

}  // namespace beach::engine::sst
