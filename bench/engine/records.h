// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

// The keys and values of all engines: functions of a number, so that a read knows what it must find
// and every engine is given the same.

namespace beach::bench {

inline constexpr std::size_t kKeySize = 16;
inline constexpr std::size_t kValueSizeMin = 32;
inline constexpr std::size_t kValueSizeMax = 4096;

// Each number in [0, count) once, in an order that looks random: a Feistel network on the smallest
// power of four that holds them, walked on while it leaves the range.
class Permutation {
 public:
  // REQUIRES: 0 < count <= 2^60.
  Permutation(std::uint64_t count, std::uint64_t seed);
  // REQUIRES: index < count.
  std::uint64_t At(std::uint64_t index) const;

 private:
  std::uint64_t Scramble(std::uint64_t number) const;

  std::uint64_t count_;
  std::uint64_t seed_;
  unsigned half_bits_ = 1;
};

// Builds keys of 16 decimal digits, in numeric order. Record i has the key of 2 i; the odd ones lie
// between them and belong to none.
class KeyBuffer {
 public:
  // Until the next call. REQUIRES: record < 10^15.
  ByteView Present(std::uint64_t record) { return Digits(2 * record); }
  ByteView Missing(std::uint64_t record) { return Digits(2 * record + 1); }

 private:
  ByteView Digits(std::uint64_t number);

  std::array<char, kKeySize> digits_;
};

// The record whose key this is; kNoRecord for any other bytes.
inline constexpr std::uint64_t kNoRecord = ~std::uint64_t{0};
std::uint64_t RecordOf(ByteView key);

// Builds values, of which the second half repeats the first, so that they compress to half:
//   tag (8: of the record), version (8), bytes that follow from these and the size
class ValueBuffer {
 public:
  // Until the next call. REQUIRES: kValueSizeMin <= size <= kValueSizeMax.
  ByteView Of(std::uint64_t record, std::uint64_t version, std::size_t size);

 private:
  std::array<char, kValueSizeMax> bytes_;
};

// Whether it is a value of the record, of whatever version: by its tag alone, in 2 ns, for what is
// timed; or by every byte.
bool HasTagOf(ByteView value, std::uint64_t record);
bool IsValueOf(ByteView value, std::uint64_t record);
// REQUIRES: IsValueOf some record.
std::uint64_t VersionOf(ByteView value);

}  // namespace beach::bench
