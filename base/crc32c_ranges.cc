// SPDX-License-Identifier: Apache-2.0
// A CRC is linear: with C(n) the checksum of the first n bytes and x the polynomial's variable,
// that of [a, b), begun with `crc`, is (crc + C(a)) * x^(8(b-a)) + C(b), modulo the polynomial. So
// the prefixes and the powers of x are all that is needed.
#include "base/crc32c_ranges.h"

#include "base/check.h"
#include "base/crc32c.h"

namespace beach {
namespace {

constexpr std::uint64_t kStep = 64;
constexpr std::size_t kLowPowers = 4096;

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

std::vector<std::uint32_t> Powers(std::uint32_t base, std::size_t count) {
  std::vector<std::uint32_t> powers(count, kOne);
  for (std::size_t i = 1; i < count; ++i) powers[i] = Multiply(powers[i - 1], base);
  return powers;
}

}  // namespace

Crc32cPowers::Crc32cPowers(std::uint64_t length_max)
    : low_(Powers(kByte, kLowPowers)),
      high_(Powers(Multiply(low_.back(), kByte), length_max / kLowPowers + 1)) {}

std::uint32_t Crc32cPowers::Between(std::uint32_t before_begin, std::uint32_t before_end,
                                    std::uint64_t length, std::uint32_t crc) const {
  BEACH_CHECK_LT(length / kLowPowers, high_.size());
  const std::uint32_t power = Multiply(low_[length % kLowPowers], high_[length / kLowPowers]);
  return Multiply(crc ^ before_begin, power) ^ before_end;
}

Crc32cRanges::Crc32cRanges(ByteView data) : data_(data), powers_(data.size()) {
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
  return powers_.Between(Prefix(offset), Prefix(offset + length), length, crc);
}

std::uint32_t Crc32cRanges::Prefix(std::uint64_t length) const {
  const std::uint64_t steps = length / kStep;
  return Crc32c(data_.substr(steps * kStep, length % kStep), prefixes_[steps]);
}

}  // namespace beach
