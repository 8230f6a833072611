// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "base/bytes.h"
#include "base/check.h"
#include "engine/internal_key.h"

namespace beach::engine {

// A version of a key in a memtable's arena: the sizes, then the internal key, then the value. It is
// whole before anything points to it, and never changed or moved after that, so that whoever has
// seen one may read it as long as the memtable lives.
struct Entry {
  std::uint32_t key_size;  // of the internal key
  std::uint32_t value_size;

  ByteView key() const { return {bytes(), key_size}; }
  ByteView value() const { return {bytes() + key_size, value_size}; }
  ByteView user_key() const { return {bytes(), key_size - kInternalKeyTrailerSize}; }
  std::uint64_t trailer() const { return TrailerOf(key()); }

 private:
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
};

inline constexpr std::size_t kEntryAlignment = alignof(Entry);

// A key to look for, in its two parts, so that no caller has to build one.
struct EntryKey {
  ByteView user_key;
  std::uint64_t trailer;
};

inline EntryKey KeyOf(const Entry& entry) {
  return {.user_key = entry.user_key(), .trailer = entry.trailer()};
}
// REQUIRES: an internal key.
inline EntryKey KeyOf(ByteView internal_key) {
  return {.user_key = UserKeyOf(internal_key), .trailer = TrailerOf(internal_key)};
}

inline std::size_t EntrySize(ByteView user_key, ByteView value) {
  constexpr std::size_t kMax = std::numeric_limits<std::uint32_t>::max();
  BEACH_CHECK_LE(user_key.size(), kMax - kInternalKeyTrailerSize);
  BEACH_CHECK_LE(value.size(), kMax);
  return sizeof(Entry) + user_key.size() + kInternalKeyTrailerSize + value.size();
}

// REQUIRES: EntrySize bytes of memory, aligned to kEntryAlignment.
inline Entry* MakeEntry(char* memory, const EntryKey& key, ByteView value) {
  const std::size_t key_size = key.user_key.size() + kInternalKeyTrailerSize;
  Entry* const entry = new (memory) Entry{.key_size = static_cast<std::uint32_t>(key_size),
                                          .value_size = static_cast<std::uint32_t>(value.size())};
  char* target = memory + sizeof(Entry);
  if (!key.user_key.empty()) std::memcpy(target, key.user_key.data(), key.user_key.size());
  target += key.user_key.size();
  StoreFixed(target, key.trailer);
  target += kInternalKeyTrailerSize;
  if (!value.empty()) std::memcpy(target, value.data(), value.size());
  return entry;
}

// Eight bytes of a key from `skip` on, zeros where it ends before them, as a number in the order of
// the bytes: where two keys are equal below `skip` and these differ, they decide.
inline std::uint64_t KeyWord(ByteView user_key, std::size_t skip) {
  if (user_key.size() >= skip + sizeof(std::uint64_t)) {
    return __builtin_bswap64(LoadFixed<std::uint64_t>(user_key.data() + skip));
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i) {
    const std::size_t at = skip + i;
    word = word << 8 | (at < user_key.size() ? static_cast<unsigned char>(user_key[at]) : 0U);
  }
  return word;
}

// Bytewise, as ByteView's compare; keys are short, and a call costs more than the first words.
inline int CompareUserKeys(ByteView left, ByteView right) {
  const std::size_t common = left.size() < right.size() ? left.size() : right.size();
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= common; at += sizeof(std::uint64_t)) {
    const auto a = LoadFixed<std::uint64_t>(left.data() + at);
    const auto b = LoadFixed<std::uint64_t>(right.data() + at);
    if (a != b) return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
  }
  return left.substr(at).compare(right.substr(at));
}

inline bool IsBefore(const Entry& entry, const EntryKey& key) {
  const int order = CompareUserKeys(entry.user_key(), key.user_key);
  if (order != 0) return order < 0;
  return entry.trailer() > key.trailer;
}

inline bool IsSame(const Entry& entry, const EntryKey& key) {
  return entry.trailer() == key.trailer && entry.user_key() == key.user_key;
}

}  // namespace beach::engine
