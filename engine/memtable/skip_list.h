// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "engine/memtable/arena.h"
#include "engine/memtable/entry.h"

namespace beach::engine {

// Entries in internal-key order, in an arena. Writers take turns (Insert) or go at once
// (InsertConcurrently); readers take no lock and may run beside both. Entries are never changed or
// removed, so one that was seen stays good as long as the list.
//
// Why this is safe without locks: an entry is whole, and its link at a level set, before a
// compare-and-exchange with release links it at that level; readers follow links by acquire loads.
// Level 0 is linked first and is the truth; the levels above are shortcuts, each a subsequence of
// the one below. Who loses an exchange looks again from the same place: what came between is after
// it, because nothing is removed.
//
// An entry's links lie in front of it, the lowest nearest, so that link, sizes and key share a
// cache line: a search waits for one line an entry.
class SkipList {
 public:
  static constexpr std::uint32_t kHeightMax = 12;  // one node in four rises a level: 16 M entries

  // `chunks`: of the arena.
  explicit SkipList(std::shared_ptr<ChunkPool> chunks = nullptr);
  SkipList(const SkipList&) = delete;
  SkipList& operator=(const SkipList&) = delete;

  // REQUIRES: no other writer; an internal key that is not in the list.
  void Insert(const EntryKey& key, ByteView value);
  // REQUIRES: no Insert at once; an internal key that nobody else inserts.
  void InsertConcurrently(const EntryKey& key, ByteView value);

  // Each null where there is none.
  const Entry* First() const { return Next(*head_); }
  const Entry* Last() const;
  const Entry* FirstNotBefore(const EntryKey& key) const;  // >= the key
  const Entry* LastBefore(const EntryKey& key) const;      // < the key
  static const Entry* Next(const Entry& entry);

  // Both are safe beside writers.
  std::uint64_t size_bytes() const { return arena_.size_bytes(); }
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  // The last entry in front of a key at each level, the head included.
  struct Place {
    Entry* before[kHeightMax];
  };

  // Returns the first entry not before the key.
  Entry* Find(const EntryKey& key, Place& place) const;
  // The last entry before the key at a level, from `entry` on, which is one before it; and its
  // next.
  static Entry* Advance(Entry* entry, const EntryKey& key, std::uint32_t level, Entry*& next);
  Entry* NewEntry(std::uint32_t height, const EntryKey& key, ByteView value);
  // Links it at each level, the lowest first.
  void Publish(Entry* entry, std::uint32_t height, const EntryKey& key, Place& place);

  Arena arena_;
  Entry* const head_;  // holds no key
  std::atomic<std::uint64_t> count_{0};

  // Of Insert alone: where the last entry went, itself included, for the one that follows it.
  Place last_;
  bool in_order_ = false;  // the last one followed the one before it
};

}  // namespace beach::engine
