// SPDX-License-Identifier: Apache-2.0
// A CRC is linear: with C(n) the checksum of the first n bytes and x the polynomial's variable,
// that of [a, b), begun with `crc`, is (crc + C(a)) * x^(8(b-a)) + C(b), modulo the polynomial. So
// the prefixes and the powers of x are all that is needed.
#include "base/crc32c_ranges.h"

#include <array>
#include <cstddef>

#include "base/check.h"
#include "base/crc32c.h"

namespace beach {
namespace {

constexpr std::uint64_t kStep = 64;
// Lengths are written with digits of that many bits: a small table of the powers of all digits, and
// few multiplications to put one together.
constexpr unsigned kDigitBits = 6;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
constexpr std::size_t kPlaces = (64 + kDigitBits - 1) / kDigitBits;

// Polynomials modulo Castagnoli's, bits reflected: the highest bit is the power 0.
constexpr std::uint32_t kPolynomial = 0x82f63b78;
constexpr std::uint32_t kOne = std::uint32_t{1} << 31;
constexpr std::uint32_t kByte = kOne >> 8;

constexpr std::uint32_t Multiply(std::uint32_t left, std::uint32_t right) {
  std::uint32_t product = 0;
  for (; left != 0; left <<= 1) {
    if ((left & kOne) != 0) product ^= right;
    right = (right >> 1) ^ ((right & 1) != 0 ? kPolynomial : 0);
  }
  return product;
}
static_assert(Multiply(kOne, kByte) == kByte);
static_assert(Multiply(kByte, kByte) == kOne >> 16);

// What each digit of a length multiplies a checksum by, lowest place first.
using Powers = std::array<std::array<std::uint32_t, kDigits>, kPlaces>;

consteval Powers MakePowers() {
  Powers powers = {};
  std::uint32_t base = kByte;
  for (auto& place : powers) {
    std::uint32_t power = kOne;
    for (std::uint32_t& digit : place) {
      digit = power;
      power = Multiply(power, base);
    }
    base = power;
  }
  return powers;
}
constexpr Powers kPowers = MakePowers();

}  // namespace

std::uint32_t Crc32cBetween(std::uint32_t before_begin, std::uint32_t before_end,
                            std::uint64_t length, std::uint32_t crc) {
  std::uint32_t moved = crc ^ before_begin;
  for (std::size_t place = 0; length > 0; length >>= kDigitBits, ++place) {
    const std::size_t digit = length % kDigits;
    if (digit != 0) moved = Multiply(moved, kPowers[place][digit]);
  }
  return moved ^ before_end;
}

Crc32cRanges::Crc32cRanges(ByteView data) : data_(data) {
  prefixes_.reserve(data.size() / kStep + 1);
  prefixes_.push_back(0);
  for (std::uint64_t end = kStep; end <= data.size(); end += kStep) {
    prefixes_.push_back(Crc32c(data.substr(end - kStep, kStep), prefixes_.back()));
  }
}

std::uint32_t Crc32cRanges::Of(std::uint64_t offset, std::uint64_t length,
                               std::uint32_t crc) const {
  BEACH_CHECK_LE(offset, data_.size());
  BEACH_CHECK_LE(length, data_.size() - offset);
  return Crc32cBetween(Prefix(offset), Prefix(offset + length), length, crc);
}

std::uint32_t Crc32cRanges::Prefix(std::uint64_t length) const {
  const std::uint64_t steps = length / kStep;
  return Crc32c(data_.substr(steps * kStep, length % kStep), prefixes_[steps]);
}

}  // namespace beach
