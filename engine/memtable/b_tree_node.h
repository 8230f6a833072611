// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/memtable/entry.h"

// The nodes of a memtable's B-tree (b_tree.h). A node's slots are filled in any order; which of
// them count, and in which order, is one word, so that one store publishes an entry.

namespace beach::engine::btree {

inline constexpr std::uint32_t kSlots = 14;
inline constexpr std::uint32_t kHalf = kSlots / 2;

// The count in the lowest four bits, then four bits a slot: first those that count, by rank, then
// the free ones.
class Order {
 public:
  static constexpr std::uint64_t kEmpty = 0x0dcba98765432100;

  explicit Order(std::uint64_t word) : word_(word) {}

  std::uint64_t word() const { return word_; }
  std::uint32_t count() const { return word_ & 15; }
  // Of a rank; of count(): the next free one.
  std::uint32_t slot(std::uint32_t rank) const { return word_ >> (4 + 4 * rank) & 15; }

  // REQUIRES: count() < kSlots; rank <= count().
  Order WithFreeSlotAt(std::uint32_t rank) const {
    const std::uint64_t slots = word_ >> 4;
    const std::uint64_t free = slot(count());
    const std::uint64_t below = (std::uint64_t{1} << 4 * rank) - 1;
    const std::uint64_t above = ~std::uint64_t{0} << 4 * (count() + 1);
    const std::uint64_t moved = (slots & ~below) << 4 & ~above;
    const std::uint64_t next = (slots & (below | above)) | free << 4 * rank | (moved & ~below);
    return Order(next << 4 | (count() + 1));
  }
  Order First(std::uint32_t count) const { return Order((word_ & ~std::uint64_t{15}) | count); }

 private:
  std::uint64_t word_;
};

struct Node;

struct Slot {
  const Entry* entry;
  Node* child;  // of inner nodes: it holds what is not before `entry`
};

// A leaf; inner nodes are followed by their children. Of 256 bytes, in whole cache lines: a search
// asks for all of them at once.
struct Node {
  std::atomic<std::uint64_t> order;
  std::atomic<Node*> next;  // to the right, on the same level
  const Entry* lower;       // the first entry, for good; null in the leftmost node of a level
  std::atomic<std::uint32_t> version;  // raised before slots that counted once are used again
  std::uint16_t skip;   // bytes that all keys of the node, now and later, have in common
  std::uint16_t level;  // 0: a leaf
  std::atomic<std::uint64_t> words[kSlots];  // KeyWord(key, skip) of the entry
  std::atomic<const Entry*> entries[kSlots];

  std::atomic<Node*>* children() { return reinterpret_cast<std::atomic<Node*>*>(this + 1); }
  const std::atomic<Node*>* children() const {
    return reinterpret_cast<const std::atomic<Node*>*>(this + 1);
  }

  const Entry* EntryAt(Order at, std::uint32_t rank) const {
    return entries[at.slot(rank)].load(std::memory_order_acquire);
  }
  Node* ChildAt(Order at, std::uint32_t rank) const {
    return children()[at.slot(rank)].load(std::memory_order_acquire);
  }

  // Of the writer: whether it is the key's own entry that follows those before it, the first one of
  // the next node (`upper`) included. Entries whose words differ are not touched.
  bool HoldsAt(std::uint32_t rank, const Entry* upper, const EntryKey& key) const {
    const Order at(order.load(std::memory_order_relaxed));
    if (rank == at.count()) return upper != nullptr && IsSame(*upper, key);
    const std::uint64_t word = words[at.slot(rank)].load(std::memory_order_relaxed);
    return word == KeyWord(key.user_key, skip) && IsSame(*EntryAt(at, rank), key);
  }

  // How many of the entries from rank `from` on are before the key, plus `from`. REQUIRES: the key
  // has the bytes below `skip` in common with the node's.
  std::uint32_t Rank(Order at, std::uint32_t from, const EntryKey& key) const {
    const std::uint64_t word = KeyWord(key.user_key, skip);
    const auto word_at = [&](std::uint32_t rank) {
      return words[at.slot(rank)].load(std::memory_order_acquire);
    };
    std::uint32_t low = from;
    std::uint32_t rest = at.count() - from;
    while (rest > 0) {  // without a branch on what is found
      const std::uint32_t half = (rest + 1) / 2;
      low += word_at(low + half - 1) < word ? half : 0;
      rest -= half;
    }
    // Those with the same word have to be looked at.
    std::uint32_t high = at.count();
    if (low == high || word_at(low) != word) return low;
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      const std::uint64_t found = word_at(middle);
      if (found == word && IsBefore(*EntryAt(at, middle), key)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};
static_assert(sizeof(Node) == 256);

inline constexpr std::size_t kInnerSize = sizeof(Node) + kSlots * sizeof(std::atomic<Node*>);

}  // namespace beach::engine::btree
