// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/check.h"

// Counter-based randomness: a value is a pure function of what it is for. There is no shared
// generator, so a new draw in one place changes no draw elsewhere. Integers only: floating point
// differs between compilers.

namespace beach {

// A bijection on 64 bits that spreads every input bit (the finalizer of splitmix64, Steele et al.,
// OOPSLA 2014).
constexpr std::uint64_t Mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// The value for a key of several parts; order matters.
template <class... Parts>
constexpr std::uint64_t RandomValue(std::uint64_t seed, Parts... parts) {
  std::uint64_t state = Mix64(seed);
  ((state = Mix64(state ^ Mix64(static_cast<std::uint64_t>(parts)))), ...);
  return state;
}

// `value`, uniform over 64 bits, brought to [0, bound). REQUIRES: bound > 0.
constexpr std::uint64_t RandomBelow(std::uint64_t value, std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(value) * bound) >> 64);
}

// A sequence of values under one key, for code that needs many. Not thread-safe.
class RandomStream {
 public:
  explicit constexpr RandomStream(std::uint64_t key) : key_(key) {}

  constexpr std::uint64_t Next() { return Mix64(key_ + 0x9e3779b97f4a7c15U * ++uses_); }
  // In [0, bound). REQUIRES: bound > 0.
  constexpr std::uint64_t Below(std::uint64_t bound) { return RandomBelow(Next(), bound); }
  // In [low, high], both included. REQUIRES: low <= high, and not all of 64 bits.
  constexpr std::uint64_t Between(std::uint64_t low, std::uint64_t high) {
    BEACH_CHECK_LE(low, high);
    return low + RandomBelow(Next(), high - low + 1);
  }
  // True `numerator` times out of `denominator`. REQUIRES: denominator > 0.
  constexpr bool Chance(std::uint64_t numerator, std::uint64_t denominator) {
    return Below(denominator) < numerator;
  }

 private:
  std::uint64_t key_;
  std::uint64_t uses_ = 0;
};

}  // namespace beach
