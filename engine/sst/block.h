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

// The content of a block: entries in internal-key order, then where restarts are.
//
//   entry:    shared (varint), unshared (varint), value size (varint), unshared key bytes, value
//   restarts: offset of each restart's entry (fixed32), number of restarts (fixed32)
//
// An entry's key is the first `shared` bytes of the key before it, then its own. At a restart
// nothing is shared, so that a search can begin there. The first entry is a restart.

namespace beach::engine::sst {

inline constexpr std::size_t kRestartSize = 4;
inline constexpr std::size_t kRestartCountSize = 4;

class BlockBuilder {
 public:
  // REQUIRES: restart_interval > 0.
  explicit BlockBuilder(std::uint64_t restart_interval);

  // REQUIRES: internal keys, strictly ascending, no larger than kEntrySizeMax with their values.
  void Add(ByteView internal_key, ByteView value);
  // The whole content, and an empty builder again. REQUIRES: not empty.
  Bytes Finish();

  bool empty() const { return restarts_.empty(); }
  // Of the content if it were finished now.
  std::uint64_t size_bytes() const {
    return entries_.size() + restarts_.size() * kRestartSize + kRestartCountSize;
  }
  // REQUIRES: not empty.
  ByteView last_key() const { return last_key_; }

 private:
  const std::uint64_t restart_interval_;
  Bytes entries_;
  std::vector<std::uint32_t> restarts_;
  std::uint64_t since_restart_ = 0;
  Bytes last_key_;
};

// A block that was read. Immutable.
class Block {
 public:
  // Checks the restarts. The entries are checked as they are walked. `path` and `offset` are for
  // errors.
  static Result<std::shared_ptr<const Block>> Parse(Bytes content, const std::string& path,
                                                    std::uint64_t offset);

  // Both ways, over bytes that may be hostile: damage makes it invalid, with the file's path and
  // the offset of the entry in the file.
  std::unique_ptr<Iterator> NewIterator() const;

  // Whether each restart is where an entry begins that shares nothing, so that a search finds what
  // a walk finds: kCorruption with the restart's offset. REQUIRES: all entries can be walked.
  Status CheckRestarts() const;

  std::uint64_t size_bytes() const { return content_.size(); }

 private:
  friend class BlockIterator;
  Block() = default;

  std::uint32_t RestartOffset(std::uint32_t restart) const;

  Bytes content_;
  std::size_t entries_size_ = 0;
  std::uint32_t restart_count_ = 0;
  std::string path_;
  std::uint64_t offset_ = 0;
};

// An iterator that keeps its block alive.
std::unique_ptr<Iterator> NewBlockIterator(std::shared_ptr<const Block> block);

}  // namespace beach::engine::sst
