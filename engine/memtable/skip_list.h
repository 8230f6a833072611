// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "engine/memtable/arena.h"

namespace beach::engine {

// Entries (internal key, value) in internal-key order, in an arena. One writer at a time; readers
// take no lock and may run beside it. Entries are never changed or removed, so a node, once seen,
// stays good as long as the list.
//
// Why this is safe without locks: a node is complete, its own links included, before a release
// store links it anywhere; readers follow links by acquire loads. Level 0 is linked first and is
// the truth; the levels above are shortcuts, each a subsequence of the one below.
class SkipList {
 public:
  static constexpr std::uint32_t kHeightMax = 12;  // one node in four rises a level: 16 M entries

  // The sizes are followed by `height` links (std::atomic<Node*>), the internal key and the value.
  struct Node {
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t height;

    ByteView key() const { return {bytes(), key_size}; }
    ByteView value() const { return {bytes() + key_size, value_size}; }
    const Node* Next(std::uint32_t level) const;

   private:
    friend class SkipList;
    const std::atomic<Node*>* links() const;
    std::atomic<Node*>* links();
    const char* bytes() const;
  };

  SkipList();
  SkipList(const SkipList&) = delete;
  SkipList& operator=(const SkipList&) = delete;

  // REQUIRES: no other writer; an internal key that is not in the list.
  void Insert(ByteView user_key, std::uint64_t trailer, ByteView value);

  // Each null where there is none. The key is given in its two parts, so that no caller has to
  // build one.
  const Node* First() const;
  const Node* Last() const;
  const Node* FirstNotBefore(ByteView user_key, std::uint64_t trailer) const;  // >= the key
  const Node* LastBefore(ByteView user_key, std::uint64_t trailer) const;      // < the key

  // Both are safe beside the writer.
  std::uint64_t size_bytes() const { return arena_.size_bytes(); }
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  Node* NewNode(std::uint32_t height, std::size_t key_size, std::size_t value_size);
  // Fills before[level] with the last node in front of the key at each level, the head included.
  // Returns the first node not before it.
  Node* Find(ByteView user_key, std::uint64_t trailer, Node* (&before)[kHeightMax]) const;

  Arena arena_;
  Node* const head_;  // holds no entry
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace beach::engine
