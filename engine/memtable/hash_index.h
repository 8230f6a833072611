// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "engine/memtable/arena.h"
#include "engine/memtable/entry.h"

namespace beach::engine {

// Entries by the hash of their user keys: a list of keys a bucket, of each key its versions, newest
// first. There are as many buckets as entries are expected, for good. In no order: who wants one
// sorts the keys. One writer at a time; readers take no lock and may run beside it: a key or a
// version is whole before a release store links it, and nothing is removed.
class HashIndex {
 public:
  // A version; its entry lies behind it.
  struct Version {
    std::atomic<Version*> older;

    const Entry& entry() const { return *reinterpret_cast<const Entry*>(this + 1); }
  };
  struct Key {
    Key* next;  // in its bucket
    std::uint64_t hash;
    std::atomic<Version*> newest;

    const Version* Newest() const { return newest.load(std::memory_order_acquire); }
    ByteView user_key() const { return Newest()->entry().user_key(); }
  };

  // `size_bytes`: what it is to hold, about; 1 KiB at least is taken for it.
  // `chunks`: of the arena.
  explicit HashIndex(std::uint64_t size_bytes, std::shared_ptr<ChunkPool> chunks = nullptr);
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  // REQUIRES: no other writer; an internal key that is not in it.
  void Insert(const EntryKey& key, ByteView value);

  // Null where there is none. The version is the newest that is not newer than `trailer`.
  const Key* Find(ByteView user_key) const;
  static const Version* NotNewer(const Key& key, std::uint64_t trailer);

  // Those that were in when it was called, and perhaps newer ones, sorted by user key.
  std::vector<const Key*> SortedKeys() const;

  // Both are safe beside the writer.
  std::uint64_t size_bytes() const { return arena_.size_bytes(); }
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  using Bucket = std::atomic<Key*>;

  Bucket& BucketOf(std::uint64_t hash) const { return buckets_[hash & (bucket_count_ - 1)]; }
  static Key* FindIn(const Bucket& bucket, std::uint64_t hash, ByteView user_key);
  Version* NewVersion(const EntryKey& key, ByteView value);

  Arena arena_;
  const std::uint64_t bucket_count_;  // a power of two
  Bucket* const buckets_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace beach::engine
