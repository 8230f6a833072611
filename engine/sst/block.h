// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/internal_key.h"
#include "engine/iterator.h"
#include "engine/key_buffer.h"
#include "engine/memtable/memtable.h"

// The content of a data block: entries in internal-key order, then where restarts are, then a hash
// index from user keys to restarts.
//
//   entry:    shared (varint), unshared (varint), value size (varint), unshared key bytes, value
//   restarts: offset of each restart's entry (fixed32)
//   buckets:  1 byte each
//   tail:     number of buckets (fixed32), number of restarts (fixed32)
//
// An entry's key is the first `shared` bytes of the key before it, then its own. At a restart
// nothing is shared, so that a search can begin there. The first entry is a restart.
//
// The bucket of a user key says at which restart the run of entries begins that holds all of its
// versions in this block: kBucketNone where there are none of any key of this bucket,
// kBucketSearch where runs collide.

namespace beach::engine::sst {

inline constexpr std::size_t kRestartSize = 4;
inline constexpr std::size_t kBlockBucketCountOffset = 0;  // in the tail
inline constexpr std::size_t kBlockRestartCountOffset = 4;
inline constexpr std::size_t kBlockTailSize = 8;

inline constexpr std::uint8_t kBucketNone = 255;
inline constexpr std::uint8_t kBucketSearch = 254;
// A block with more has no hash index: its restarts would not fit a bucket.
inline constexpr std::size_t kHashedRestartsMax = 254;
// User keys of a block that has one: 4 buckets for 3 keys.
inline constexpr std::size_t kHashedKeysMax = std::size_t{1} << 20;

class BlockBuilder {
 public:
  // REQUIRES: restart_interval > 0.
  explicit BlockBuilder(std::uint64_t restart_interval);

  // `hash`: HashUserKey of its user key. REQUIRES: internal keys, strictly ascending, no larger
  // than kEntrySizeMax with their values.
  void Add(ByteView internal_key, std::uint64_t hash, ByteView value);
  // The same, with the hash made here.
  void Add(ByteView internal_key, ByteView value);
  // The whole content, and an empty builder again. REQUIRES: not empty.
  Bytes Finish();

  bool empty() const { return restarts_.empty(); }
  // Of the content if it were finished now.
  std::uint64_t size_bytes() const {
    return entries_.size() + restarts_.size() * kRestartSize + bucket_count() + kBlockTailSize;
  }
  // REQUIRES: not empty.
  ByteView last_key() const { return last_key_; }

 private:
  // The versions of one user key that lie in one restart's run.
  struct Run {
    std::uint64_t hash;
    std::size_t restart;
  };
  std::size_t bucket_count() const {
    const bool hashed = restarts_.size() <= kHashedRestartsMax && runs_.size() <= kHashedKeysMax;
    return hashed ? (runs_.size() * 4 + 2) / 3 : 0;
  }
  void AppendBuckets();

  const std::uint64_t restart_interval_;
  Bytes entries_;
  std::vector<std::uint32_t> restarts_;
  std::vector<Run> runs_;
  std::uint64_t since_restart_ = 0;
  Bytes last_key_;
};

// A block that was read. Immutable.
class Block {
 public:
  // Checks the restarts. The entries are checked as they are walked. `path` and `offset` are for
  // errors.
  static Result<std::shared_ptr<const Block>> Parse(Bytes content,
                                                    std::shared_ptr<const std::string> path,
                                                    std::uint64_t offset);
  static Result<std::shared_ptr<const Block>> Parse(Bytes content, const std::string& path,
                                                    std::uint64_t offset) {
    return Parse(std::move(content), std::make_shared<const std::string>(path), offset);
  }

  class Maker;  // of Parse alone
  Block(const Maker&, Bytes content) : content_(std::move(content)) {}

  // The newest version of the key at or below the sequence number, among those of this block.
  // `hash`: HashUserKey(user_key). Sets `beyond` when all entries are in front of where it would
  // be. kCorruption with the offset of the entry in the file.
  Result<std::optional<VersionFound>> Get(ByteView user_key, SequenceNumber sequence,
                                          std::uint64_t hash, bool& beyond) const;

  // Both ways, over bytes that may be hostile: damage makes it invalid, with the file's path and
  // the offset of the entry in the file.
  std::unique_ptr<Iterator> NewIterator() const;

  // Whether each restart is where an entry begins that shares nothing, and each bucket says what a
  // builder's would, so that a search finds what a walk finds: kCorruption with the restart's or
  // bucket's offset. REQUIRES: all entries can be walked.
  Status CheckRestarts() const;
  Status CheckBuckets() const;

  bool has_hash_index() const { return bucket_count_ > 0; }
  std::uint64_t size_bytes() const { return content_.size(); }
  ByteView content() const { return content_; }

 private:
  friend class BlockIterator;

  std::uint32_t RestartOffset(std::uint32_t restart) const {
    return LoadFixed<std::uint32_t>(content_.data() + entries_size_ + restart * kRestartSize);
  }
  std::uint8_t Bucket(std::uint64_t hash) const;

  Bytes content_;
  std::size_t entries_size_ = 0;
  std::uint32_t restart_count_ = 0;
  std::uint32_t bucket_count_ = 0;
  std::shared_ptr<const std::string> path_;  // one for all blocks of a table
  std::uint64_t offset_ = 0;
};

// Stands at the entry [begin_, end_), its whole key in key_.
class BlockIterator final : public Iterator {
 public:
  BlockIterator() = default;  // invalid for good: Reset first

  // Another block, kept alive by this or by the caller; not positioned. Memory is used again.
  void Reset(const Block& block, std::shared_ptr<const Block> pin);
  // It will be walked to its end: its memory is asked for at once, not line by line.
  void Expect() const;
  // Back to no block.
  void Release();

  void SeekToFirst() override;
  void SeekToLast() override;
  void Seek(ByteView target) override;
  void SeekForPrevious(ByteView target) override;
  void Next() override;
  void Previous() override;
  ByteView value() const override;
  Status status() const override { return status_; }
  bool ok() const { return status_.has_value(); }

 private:
  ByteView entries() const { return {block_->content_.data(), entries_size_}; }
  bool FindRestart(ByteView target);
  std::uint32_t LastRestartBefore(std::size_t offset) const;
  void ReadRestart(std::uint32_t restart);
  void ReadEntry(std::size_t offset);
  void Damage(std::size_t offset, const char* what);

  const Block* block_ = nullptr;
  std::shared_ptr<const Block> pin_;  // keeps block_ alive; may be null
  std::size_t entries_size_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  KeyBuffer key_;
  ByteView value_;
  Status status_;
};

// An iterator that keeps its block alive.
std::unique_ptr<Iterator> NewBlockIterator(std::shared_ptr<const Block> block);

}  // namespace beach::engine::sst
