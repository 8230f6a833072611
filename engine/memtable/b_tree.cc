// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/b_tree.h"

#include <algorithm>
#include <limits>
#include <new>

#include "base/cache_line.h"
#include "base/check.h"

namespace beach::engine {

using btree::Node;
using btree::Order;
using btree::Slot;

namespace {

Order OrderOf(const Node& node) { return Order(node.order.load(std::memory_order_acquire)); }

// Of the writer: a slot that counts nowhere yet is filled, then counts.
void Put(Node& node, std::uint32_t rank, const Slot& slot) {
  const Order order = OrderOf(node);
  BEACH_CHECK_LT(order.count(), btree::kSlots);
  const std::uint32_t at = order.slot(order.count());
  const std::uint64_t word = slot.entry == nullptr ? 0 : KeyWord(slot.entry->user_key(), node.skip);
  node.words[at].store(word, std::memory_order_release);
  node.entries[at].store(slot.entry, std::memory_order_release);
  if (node.level > 0) node.children()[at].store(slot.child, std::memory_order_release);
  node.order.store(order.WithFreeSlotAt(rank).word(), std::memory_order_release);
}

std::uint16_t CommonSize(const Entry* lower, const Entry* upper) {
  if (lower == nullptr || upper == nullptr) return 0;
  const ByteView a = lower->user_key();
  const ByteView b = upper->user_key();
  const auto end = std::ranges::mismatch(a, b).in1;
  return static_cast<std::uint16_t>(std::min<std::size_t>(
      static_cast<std::size_t>(end - a.begin()), std::numeric_limits<std::uint16_t>::max()));
}

}  // namespace

BTree::BTree(const std::shared_ptr<ChunkPool>& chunks)
    : entries_(chunks),
      nodes_(chunks),
      first_(NewNode(0, nullptr, nullptr)),
      root_(first_),
      last_(first_) {}

void BTree::Insert(const EntryKey& key, ByteView value) {
  Path path;
  const Order last = OrderOf(*last_);
  // Keys in order need no search while the last leaf has room.
  const bool follows = last.count() > 0 && last.count() < btree::kSlots &&
                       IsBefore(*last_->EntryAt(last, last.count() - 1), key);
  if (follows) {
    path.node[0] = last_;
    path.rank[0] = last.count();
  } else {
    Descend(key, path);
    const bool is_new = !path.node[0]->HoldsAt(path.rank[0], path.upper[0], key);
    BEACH_CHECK(is_new);
  }
  const Entry* const entry =
      MakeEntry(entries_.Allocate(EntrySize(key.user_key, value)), key, value);
  Add(path, 0, {.entry = entry, .child = nullptr});
  count_.fetch_add(1, std::memory_order_release);
}

void BTree::Descend(const EntryKey& key, Path& path) const {
  Node* node = root_.load(std::memory_order_relaxed);
  const Entry* upper = nullptr;
  while (true) {
    const Order order = OrderOf(*node);
    const std::uint32_t level = node->level;
    path.node[level] = node;
    path.upper[level] = upper;
    if (level == 0) {
      path.rank[0] = node->Rank(order, 0, key);
      return;
    }
    const std::uint32_t rank = node->Rank(order, 1, key);
    path.rank[level] = rank - 1;
    Node* const child = node->ChildAt(order, rank - 1);
    Prefetch(child, sizeof *child);
    if (rank < order.count()) upper = node->EntryAt(order, rank);
    node = child;
  }
}

void BTree::Add(Path& path, std::uint32_t level, const Slot& slot) {
  Node& node = *path.node[level];
  if (OrderOf(node).count() == btree::kSlots) return Split(path, level, slot);
  Put(node, path.rank[level], slot);
}

void BTree::Split(Path& path, std::uint32_t level, const Slot& slot) {
  Node& left = *path.node[level];
  const std::uint32_t rank = path.rank[level];
  const Order order = OrderOf(left);
  Node* const next = left.next.load(std::memory_order_relaxed);
  // What comes in order leaves full nodes behind.
  const bool append = rank == btree::kSlots && next == nullptr;
  const std::uint32_t kept = append ? btree::kSlots : btree::kHalf;
  const bool goes_right = append || rank > kept;

  const Entry* const lower = append ? slot.entry : left.EntryAt(order, kept);
  Node* const right = NewNode(level, lower, path.upper[level]);
  for (std::uint32_t i = kept; i < order.count(); ++i) {
    Node* const child = level > 0 ? left.ChildAt(order, i) : nullptr;
    Put(*right, i - kept, {.entry = left.EntryAt(order, i), .child = child});
  }
  if (goes_right) Put(*right, rank - kept, slot);
  right->next.store(next, std::memory_order_relaxed);

  left.next.store(right, std::memory_order_release);
  if (!append) {
    left.order.store(order.First(kept).word(), std::memory_order_release);
    const std::uint32_t version = left.version.load(std::memory_order_relaxed);
    left.version.store(version + 1, std::memory_order_release);
  }
  if (&left == last_) last_ = right;
  if (&left == root_.load(std::memory_order_relaxed)) {
    AddRoot(left, *right);
  } else {
    ++path.rank[level + 1];  // behind the one that was split
    Add(path, level + 1, {.entry = lower, .child = right});
  }
  if (!goes_right) Put(left, rank, slot);
}

void BTree::AddRoot(Node& left, Node& right) {
  const std::uint32_t level = left.level + 1U;
  BEACH_CHECK_LT(level, kLevelMax);
  Node* const root = NewNode(level, nullptr, nullptr);
  Put(*root, 0, {.entry = left.lower, .child = &left});
  Put(*root, 1, {.entry = right.lower, .child = &right});
  root_.store(root, std::memory_order_release);
}

Node* BTree::NewNode(std::uint32_t level, const Entry* lower, const Entry* upper) {
  const std::size_t size = level == 0 ? sizeof(Node) : btree::kInnerSize;
  Node* const node = new (nodes_.AllocateAligned(size, kCacheLineSize)) Node;
  node->order.store(Order::kEmpty, std::memory_order_relaxed);
  node->next.store(nullptr, std::memory_order_relaxed);
  node->lower = lower;
  node->version.store(0, std::memory_order_relaxed);
  node->skip = CommonSize(lower, upper);
  node->level = static_cast<std::uint16_t>(level);
  if (level == 0) return node;
  for (std::uint32_t i = 0; i < btree::kSlots; ++i) {
    new (node->children() + i) std::atomic<Node*>(nullptr);
  }
  return node;
}

BTree::Found BTree::Find(const EntryKey& key) const {
  const Node* node = root_.load(std::memory_order_acquire);
  while (true) {
    const std::uint32_t version = node->version.load(std::memory_order_acquire);
    const Order order = OrderOf(*node);
    const bool is_leaf = node->level == 0;
    const std::uint32_t rank = node->Rank(order, is_leaf ? 0 : 1, key);
    const Node* next = nullptr;
    if (rank == order.count()) {
      next = node->next.load(std::memory_order_acquire);
      if (next != nullptr && IsBefore(*next->lower, key)) {
        // The node was split meanwhile. One that ends before the key may not have the bytes that
        // its keys skip in common with it: it is not searched.
        do {
          node = next;
          next = node->next.load(std::memory_order_acquire);
        } while (next != nullptr && IsBefore(*next->lower, key));
        continue;
      }
    }
    if (!is_leaf) {
      const Node* const child = node->ChildAt(order, rank - 1);
      if (node->version.load(std::memory_order_acquire) != version) continue;
      node = child;
      Prefetch(node, sizeof *node);
      continue;
    }
    const Place at = {
        .node = node, .order = order.word(), .version = version, .rank = rank, .entry = nullptr};
    Found found{.before = at, .not_before = at};
    if (rank > 0) {
      found.before.rank = rank - 1;
      found.before.entry = node->EntryAt(order, rank - 1);
    }
    if (rank < order.count()) {
      found.not_before.entry = node->EntryAt(order, rank);
    } else if (next != nullptr) {
      found.not_before = FirstOf(*next);
    }
    if (node->version.load(std::memory_order_acquire) == version) return found;
  }
}

// Its first entry stays the first.
BTree::Place BTree::FirstOf(const Node& leaf) {
  const std::uint32_t version = leaf.version.load(std::memory_order_acquire);
  return {.node = &leaf,
          .order = OrderOf(leaf).word(),
          .version = version,
          .rank = 0,
          .entry = leaf.lower};
}

BTree::Place BTree::First() const {
  while (true) {
    Place place = FirstOf(*first_);
    const Order order(place.order);
    if (order.count() == 0) return place;
    place.entry = first_->EntryAt(order, 0);
    if (first_->version.load(std::memory_order_acquire) == place.version) return place;
  }
}

BTree::Place BTree::Last() const {
  const Node* node = root_.load(std::memory_order_acquire);
  while (true) {
    const std::uint32_t version = node->version.load(std::memory_order_acquire);
    const Order order = OrderOf(*node);
    const Node* next = node->next.load(std::memory_order_acquire);  // the node was split meanwhile
    if (next == nullptr) {
      if (order.count() == 0) return {};
      const std::uint32_t rank = order.count() - 1;
      const Entry* const entry = node->EntryAt(order, rank);
      if (node->level > 0) next = node->ChildAt(order, rank);
      if (node->version.load(std::memory_order_acquire) != version) continue;
      if (next == nullptr) {
        return {
            .node = node, .order = order.word(), .version = version, .rank = rank, .entry = entry};
      }
    }
    node = next;
  }
}

BTree::Place BTree::FirstNotBefore(const EntryKey& key) const { return Find(key).not_before; }
BTree::Place BTree::LastBefore(const EntryKey& key) const { return Find(key).before; }

BTree::Place BTree::Next(const Place& place) const {
  Place at = place;
  while (true) {
    const Order order(at.order);
    if (at.rank + 1 < order.count()) {
      const Entry* const entry = at.node->EntryAt(order, at.rank + 1);
      if (at.node->version.load(std::memory_order_acquire) == at.version) {
        ++at.rank;
        at.entry = entry;
        return at;
      }
    } else {
      const Node* const next = at.node->next.load(std::memory_order_acquire);
      if (next == nullptr) return {};
      if (IsBefore(*place.entry, KeyOf(*next->lower))) {
        if (const Node* const second = next->next.load(std::memory_order_acquire)) {
          Prefetch(second, sizeof *second);
        }
        const Place first = FirstOf(*next);
        for (std::uint32_t i = 1; i < Order(first.order).count(); ++i) {
          __builtin_prefetch(next->EntryAt(Order(first.order), i));
        }
        return first;
      }
    }
    at = FirstNotBefore(KeyOf(*place.entry));  // the same entry, where it is now
  }
}

BTree::Place BTree::Previous(const Place& place) const {
  if (place.rank > 0) {
    Place at = place;
    --at.rank;
    at.entry = at.node->EntryAt(Order(at.order), at.rank);
    if (at.node->version.load(std::memory_order_acquire) == at.version) return at;
  }
  return LastBefore(KeyOf(*place.entry));
}

}  // namespace beach::engine
