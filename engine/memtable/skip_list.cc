// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/skip_list.h"

#include <new>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace beach::engine {
namespace {

using Link = std::atomic<Entry*>;
static_assert(Link::is_always_lock_free);
static_assert(alignof(Link) <= Arena::kAlignment && kEntryAlignment <= alignof(Link));

Link& LinkOf(const Entry* entry, std::uint32_t level) {
  Entry* const written = const_cast<Entry*>(entry);  // links are no part of an entry's value
  return *(reinterpret_cast<Link*>(written) - 1 - level);
}

// Drawn from the version's number: the same writes make the same list in whatever order they come.
std::uint32_t HeightOf(std::uint64_t trailer) {
  std::uint64_t bits = Mix64(trailer);
  std::uint32_t height = 1;
  while (height < SkipList::kHeightMax && (bits & 3) == 0) {
    ++height;
    bits >>= 2;
  }
  return height;
}

}  // namespace

SkipList::SkipList(std::shared_ptr<ChunkPool> chunks)
    : arena_(std::move(chunks)), head_(NewEntry(kHeightMax, {.user_key = {}, .trailer = 0}, {})) {
  for (Entry*& before : last_.before) before = head_;
}

void SkipList::Insert(const EntryKey& key, ByteView value) {
  // Behind the last one? It is looked at where it costs nothing, or where the last one did so.
  Entry* const last = last_.before[0];
  const Entry* const next = LinkOf(last, 0).load(std::memory_order_relaxed);
  const bool follows = (in_order_ || next == nullptr) && (last == head_ || IsBefore(*last, key)) &&
                       (next == nullptr || !IsBefore(*next, key));
  if (!follows) {
    Find(key, last_);
    in_order_ = last_.before[0] == last;
  }
  const std::uint32_t height = HeightOf(key.trailer);
  Entry* const entry = NewEntry(height, key, value);
  Publish(entry, height, key, last_);
  for (std::uint32_t level = 0; level < height; ++level) last_.before[level] = entry;
}

void SkipList::InsertConcurrently(const EntryKey& key, ByteView value) {
  const std::uint32_t height = HeightOf(key.trailer);
  Entry* const entry = NewEntry(height, key, value);
  Place place;
  Find(key, place);
  Publish(entry, height, key, place);
}

void SkipList::Publish(Entry* entry, std::uint32_t height, const EntryKey& key, Place& place) {
  for (std::uint32_t level = 0; level < height; ++level) {
    Entry* next = nullptr;
    Entry*& before = place.before[level];
    do {
      before = Advance(before, key, level, next);
      const bool is_new = next == nullptr || !IsSame(*next, key);
      BEACH_CHECK(is_new);
      LinkOf(entry, level).store(next, std::memory_order_relaxed);
    } while (!LinkOf(before, level)
                  .compare_exchange_strong(next, entry, std::memory_order_release,
                                           std::memory_order_relaxed));
  }
  count_.fetch_add(1, std::memory_order_release);
}

const Entry* SkipList::Next(const Entry& entry) {
  return LinkOf(&entry, 0).load(std::memory_order_acquire);
}

const Entry* SkipList::Last() const {
  const Entry* entry = head_;
  for (std::uint32_t level = kHeightMax; level-- > 0;) {
    while (const Entry* const next = LinkOf(entry, level).load(std::memory_order_acquire)) {
      entry = next;
    }
  }
  return entry == head_ ? nullptr : entry;
}

const Entry* SkipList::FirstNotBefore(const EntryKey& key) const {
  Place place;
  return Find(key, place);
}

const Entry* SkipList::LastBefore(const EntryKey& key) const {
  Place place;
  Find(key, place);
  return place.before[0] == head_ ? nullptr : place.before[0];
}

Entry* SkipList::NewEntry(std::uint32_t height, const EntryKey& key, ByteView value) {
  const std::size_t links_size = height * sizeof(Link);
  char* const memory = arena_.Allocate(links_size + EntrySize(key.user_key, value));
  for (std::uint32_t level = 0; level < height; ++level) {
    new (memory + level * sizeof(Link)) Link(nullptr);
  }
  return MakeEntry(memory + links_size, key, value);
}

Entry* SkipList::Advance(Entry* entry, const EntryKey& key, std::uint32_t level, Entry*& next) {
  next = LinkOf(entry, level).load(std::memory_order_acquire);
  while (next != nullptr) {
    // Its line is on its way while this one is compared.
    Entry* const after = LinkOf(next, level).load(std::memory_order_acquire);
    if (after != nullptr) __builtin_prefetch(after);
    if (!IsBefore(*next, key)) break;
    entry = next;
    next = after;
  }
  return entry;
}

Entry* SkipList::Find(const EntryKey& key, Place& place) const {
  Entry* entry = head_;
  Entry* next = nullptr;
  Entry* not_before = nullptr;  // known from the level above
  for (std::uint32_t level = kHeightMax; level-- > 0;) {
    next = LinkOf(entry, level).load(std::memory_order_acquire);
    while (next != nullptr && next != not_before) {
      Entry* const after = LinkOf(next, level).load(std::memory_order_acquire);
      if (after != nullptr) __builtin_prefetch(after);
      if (!IsBefore(*next, key)) break;
      entry = next;
      next = after;
    }
    not_before = next;
    place.before[level] = entry;
  }
  return next;
}

}  // namespace beach::engine
