// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "engine/memtable/arena.h"
#include "engine/memtable/b_tree_node.h"

namespace beach::engine {

// Entries in internal-key order, in a tree whose nodes hold the first bytes of their keys side by
// side: a search waits for few nodes, and touches an entry only where those bytes do not decide.
// One writer at a time; readers take no lock and may run beside it. Entries are never changed or
// removed.
//
// Why this is safe without locks. An entry is whole, and its slot filled, before a release store of
// the node's order makes it count. A full node keeps the first half of its entries and its place;
// the rest go to a new one:
//   1. the new node is filled; 2. `next` of the old one leads to it; 3. the old one's order is cut;
//   4. the old one's version is raised; 5. the parent is told.
// A reader who looks up what has moved and still comes to the old node finds it there before 3, and
// after that finds that the key is beyond all and that `next` begins before the key, and goes
// there. Slots are used again only after 4: a reader looks at the version before and after, and
// looks again when it was raised, which it is only when a writer got on. The least that a node
// holds never changes, so whatever a reader saw, where it stands is never too far to the right.
class BTree {
 public:
  // `chunks`: of the arenas.
  explicit BTree(const std::shared_ptr<ChunkPool>& chunks = nullptr);
  BTree(const BTree&) = delete;
  BTree& operator=(const BTree&) = delete;

  // REQUIRES: no other writer; an internal key that is not in the tree.
  void Insert(const EntryKey& key, ByteView value);

  // Where an entry was found; good for steps from it until the node's version is raised.
  struct Place {
    const btree::Node* node = nullptr;
    std::uint64_t order = 0;
    std::uint32_t version = 0;
    std::uint32_t rank = 0;
    const Entry* entry = nullptr;  // null: no entry
  };
  Place First() const;
  Place Last() const;
  Place FirstNotBefore(const EntryKey& key) const;  // >= the key
  Place LastBefore(const EntryKey& key) const;      // < the key
  // REQUIRES: an entry.
  Place Next(const Place& place) const;
  Place Previous(const Place& place) const;

  // Both are safe beside the writer.
  std::uint64_t size_bytes() const { return entries_.size_bytes() + nodes_.size_bytes(); }
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  static constexpr std::uint32_t kLevelMax = 24;  // nodes are half full at least: 7^24 entries

  // From the root to a leaf, by level. `upper` is null where nothing limits the node.
  struct Path {
    btree::Node* node[kLevelMax];
    std::uint32_t rank[kLevelMax];  // of the child, and in the leaf how many are before the key
    const Entry* upper[kLevelMax];
  };

  // The leaf, and how many of its entries are before the key; those beside that place.
  struct Found {
    Place before;      // no entry: the first one is not before the key
    Place not_before;  // no entry: all are before it
  };
  Found Find(const EntryKey& key) const;
  static Place FirstOf(const btree::Node& leaf);

  // Of the writer.
  void Descend(const EntryKey& key, Path& path) const;
  // Into the node of that level, at path.rank, or where that is full into a half of it.
  void Add(Path& path, std::uint32_t level, const btree::Slot& slot);
  void Split(Path& path, std::uint32_t level, const btree::Slot& slot);
  void AddRoot(btree::Node& left, btree::Node& right);
  btree::Node* NewNode(std::uint32_t level, const Entry* lower, const Entry* upper);

  Arena entries_;
  Arena nodes_;               // apart, so that they share few pages
  btree::Node* const first_;  // the leftmost leaf, for good
  std::atomic<btree::Node*> root_;
  std::atomic<std::uint64_t> count_{0};
  btree::Node* last_;  // the writer's: the rightmost leaf
};

}  // namespace beach::engine
