// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace beach::sim {

// A map from 64-bit keys that are well mixed already (equal keys are equal things). Insert and find
// only; entries stay in order of insertion, so that walking them is deterministic.
template <class T>
class HashTable {
 public:
  struct Entry {
    std::uint64_t key;
    T value;
  };

  // `slots`: a power of two, better twice as many as there will be keys.
  explicit HashTable(std::size_t slots = kSlotsMin) : slots_(slots) { entries_.reserve(slots / 2); }

  T* Find(std::uint64_t key) {
    const std::uint32_t index = slots_[SlotOf(key)];
    return index == 0 ? nullptr : &entries_[index - 1].value;
  }

  const T* Find(std::uint64_t key) const { return const_cast<HashTable*>(this)->Find(key); }

  // Inserts a T{} where the key is new. The reference lives until the next insertion.
  T& operator[](std::uint64_t key) {
    std::size_t slot = SlotOf(key);
    if (slots_[slot] == 0) [[unlikely]] {
      if ((entries_.size() + 1) * 2 > slots_.size()) {
        Grow();
        slot = SlotOf(key);
      }
      entries_.push_back(Entry{key, T{}});
      slots_[slot] = static_cast<std::uint32_t>(entries_.size());
    }
    return entries_[slots_[slot] - 1].value;
  }

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  static constexpr std::size_t kSlotsMin = 64;

  // The key's slot, or the empty one where it belongs.
  std::size_t SlotOf(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = static_cast<std::size_t>(key) & mask;
    while (slots_[slot] != 0 && entries_[slots_[slot] - 1].key != key) slot = (slot + 1) & mask;
    return slot;
  }

  void Grow() {
    slots_.assign(slots_.size() * 2, 0);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      slots_[SlotOf(entries_[i].key)] = static_cast<std::uint32_t>(i + 1);
    }
  }

  std::vector<std::uint32_t> slots_;  // a power of two; index into entries_, plus one; 0: empty
  std::vector<Entry> entries_;
};

}  // namespace beach::sim
