// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"

namespace beach::oracle {

// The same everywhere, and spread well: for tables, not for disks.
inline std::uint64_t HashOfBytes(std::uint64_t seed, ByteView bytes) {
  std::uint64_t hash = Mix64(seed ^ bytes.size());
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    hash = Mix64(hash ^ word);
    bytes.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return Mix64(hash ^ rest);
}

// Numbers 0, 1, ... of things that lie elsewhere, found by hash and equality. Open addressing; the
// order of the slots is seen by nobody. Not thread-safe.
class IndexTable {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  // Drops everything.
  void Reset(std::size_t expected) {
    std::size_t size = 16;
    while (size < expected * 2) size *= 2;
    slots_.assign(size, Slot{});
    count_ = 0;
  }

  // The first number with that hash of which `is_it(number)` holds, or kNone.
  template <class IsIt>
  std::uint32_t Find(std::uint64_t hash, const IsIt& is_it) const {
    if (slots_.empty()) return kNone;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t at = hash & (slots_.size() - 1); slots_[at].index != kNone;
         at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].tag == tag && is_it(slots_[at].index)) return slots_[at].index;
    }
    return kNone;
  }

  // Several of one hash may be in it. REQUIRES: Reset was called; `rehash(number)` is the hash of
  // each that is in it.
  template <class Rehash>
  void Add(std::uint64_t hash, std::uint32_t index, const Rehash& rehash) {
    BEACH_CHECK(!slots_.empty());
    if (++count_ * 2 > slots_.size()) {
      std::vector<Slot> old(slots_.size() * 2);
      old.swap(slots_);
      for (const Slot& slot : old) {
        if (slot.index != kNone) Place(rehash(slot.index), slot.index);
      }
    }
    Place(hash, index);
  }

 private:
  struct Slot {
    std::uint32_t index = kNone;
    std::uint32_t tag = 0;  // upper half of the hash
  };

  void Place(std::uint64_t hash, std::uint32_t index) {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].index != kNone) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {.index = index, .tag = static_cast<std::uint32_t>(hash >> 32)};
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace beach::oracle
