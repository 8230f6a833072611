// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/skip_list.h"

#include <cstring>
#include <limits>
#include <new>

#include "base/check.h"
#include "base/random.h"
#include "engine/internal_key.h"

namespace beach::engine {
namespace {

using Link = std::atomic<SkipList::Node*>;

// Where the links begin: behind the sizes, aligned.
constexpr std::size_t kLinksOffset =
    (sizeof(SkipList::Node) + alignof(Link) - 1) / alignof(Link) * alignof(Link);
static_assert(alignof(Link) <= Arena::kAlignment);
static_assert(Link::is_always_lock_free);

// Drawn from the number of the entry alone: the same writes make the same list everywhere.
std::uint32_t HeightOf(std::uint64_t entry_number) {
  std::uint64_t bits = Mix64(entry_number);
  std::uint32_t height = 1;
  while (height < SkipList::kHeightMax && (bits & 3) == 0) {
    ++height;
    bits >>= 2;
  }
  return height;
}

bool IsBefore(const SkipList::Node& node, ByteView user_key, std::uint64_t trailer) {
  const ByteView key = node.key();
  const int order = UserKeyOf(key).compare(user_key);
  if (order != 0) return order < 0;
  return TrailerOf(key) > trailer;
}

}  // namespace

const Link* SkipList::Node::links() const {
  return reinterpret_cast<const Link*>(reinterpret_cast<const char*>(this) + kLinksOffset);
}

Link* SkipList::Node::links() {
  return reinterpret_cast<Link*>(reinterpret_cast<char*>(this) + kLinksOffset);
}

const char* SkipList::Node::bytes() const {
  return reinterpret_cast<const char*>(links() + height);
}

const SkipList::Node* SkipList::Node::Next(std::uint32_t level) const {
  return links()[level].load(std::memory_order_acquire);
}

SkipList::SkipList() : head_(NewNode(kHeightMax, 0, 0)) {}

void SkipList::Insert(ByteView user_key, std::uint64_t trailer, ByteView value) {
  Node* before[kHeightMax];
  const Node* const after = Find(user_key, trailer, before);
  const bool is_new =
      after == nullptr || UserKeyOf(after->key()) != user_key || TrailerOf(after->key()) != trailer;
  BEACH_CHECK(is_new);

  const std::uint64_t number = count_.load(std::memory_order_relaxed);
  const std::uint32_t height = HeightOf(number);
  Node* const node = NewNode(height, user_key.size() + kInternalKeyTrailerSize, value.size());
  char* target = const_cast<char*>(node->bytes());
  if (!user_key.empty()) std::memcpy(target, user_key.data(), user_key.size());
  target += user_key.size();
  StoreFixed(target, trailer);
  target += kInternalKeyTrailerSize;
  if (!value.empty()) std::memcpy(target, value.data(), value.size());

  for (std::uint32_t level = 0; level < height; ++level) {
    Node* const next = before[level]->links()[level].load(std::memory_order_relaxed);
    node->links()[level].store(next, std::memory_order_relaxed);
  }
  for (std::uint32_t level = 0; level < height; ++level) {
    before[level]->links()[level].store(node, std::memory_order_release);
  }
  count_.store(number + 1, std::memory_order_release);
}

const SkipList::Node* SkipList::First() const { return head_->Next(0); }

const SkipList::Node* SkipList::Last() const {
  const Node* node = head_;
  for (std::uint32_t level = kHeightMax; level-- > 0;) {
    while (const Node* const next = node->Next(level)) node = next;
  }
  return node == head_ ? nullptr : node;
}

const SkipList::Node* SkipList::FirstNotBefore(ByteView user_key, std::uint64_t trailer) const {
  Node* before[kHeightMax];
  return Find(user_key, trailer, before);
}

const SkipList::Node* SkipList::LastBefore(ByteView user_key, std::uint64_t trailer) const {
  Node* before[kHeightMax];
  Find(user_key, trailer, before);
  return before[0] == head_ ? nullptr : before[0];
}

SkipList::Node* SkipList::NewNode(std::uint32_t height, std::size_t key_size,
                                  std::size_t value_size) {
  BEACH_CHECK_LE(key_size, std::numeric_limits<std::uint32_t>::max());
  BEACH_CHECK_LE(value_size, std::numeric_limits<std::uint32_t>::max());
  char* const memory =
      arena_.Allocate(kLinksOffset + height * sizeof(Link) + key_size + value_size);
  Node* const node = new (memory) Node;
  node->key_size = static_cast<std::uint32_t>(key_size);
  node->value_size = static_cast<std::uint32_t>(value_size);
  node->height = height;
  for (std::uint32_t level = 0; level < height; ++level) {
    new (memory + kLinksOffset + level * sizeof(Link)) Link(nullptr);
  }
  return node;
}

SkipList::Node* SkipList::Find(ByteView user_key, std::uint64_t trailer,
                               Node* (&before)[kHeightMax]) const {
  Node* node = head_;
  Node* next = nullptr;
  for (std::uint32_t level = kHeightMax; level-- > 0;) {
    next = node->links()[level].load(std::memory_order_acquire);
    while (next != nullptr && IsBefore(*next, user_key, trailer)) {
      node = next;
      next = node->links()[level].load(std::memory_order_acquire);
    }
    before[level] = node;
  }
  return next;
}

}  // namespace beach::engine
