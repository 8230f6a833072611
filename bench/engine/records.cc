// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/records.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/random.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kTagSeed = 0x7a6;
constexpr std::uint64_t kBytesSeed = 0xb17e5;
constexpr unsigned kRounds = 4;

std::uint64_t TagOf(std::uint64_t record) { return Mix64(record ^ kTagSeed); }

std::uint64_t WordAt(ByteView bytes, std::size_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

}  // namespace

Permutation::Permutation(std::uint64_t count, std::uint64_t seed) : count_(count), seed_(seed) {
  BEACH_CHECK_GT(count, 0U);
  BEACH_CHECK_LE(count, std::uint64_t{1} << 60);
  while ((std::uint64_t{1} << (2 * half_bits_)) < count) ++half_bits_;
}

std::uint64_t Permutation::At(std::uint64_t index) const {
  BEACH_CHECK_LT(index, count_);
  std::uint64_t number = Scramble(index);
  while (number >= count_) number = Scramble(number);
  return number;
}

std::uint64_t Permutation::Scramble(std::uint64_t number) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = number >> half_bits_;
  std::uint64_t right = number & mask;
  for (unsigned round = 0; round < kRounds; ++round) {
    const std::uint64_t next = left ^ (Mix64(seed_ + round * 0x9e3779b97f4a7c15U + right) & mask);
    left = right;
    right = next;
  }
  return left << half_bits_ | right;
}

ByteView KeyBuffer::Digits(std::uint64_t number) {
  for (std::size_t i = kKeySize; i > 0; --i) {
    digits_[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  return {digits_.data(), kKeySize};
}

std::uint64_t RecordOf(ByteView key) {
  if (key.size() != kKeySize) return kNoRecord;
  std::uint64_t number = 0;
  for (const char digit : key) {
    if (digit < '0' || digit > '9') return kNoRecord;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return number % 2 == 0 ? number / 2 : kNoRecord;
}

ByteView ValueBuffer::Of(std::uint64_t record, std::uint64_t version, std::size_t size) {
  BEACH_CHECK_GE(size, kValueSizeMin);
  BEACH_CHECK_LE(size, kValueSizeMax);
  const std::size_t half = size - size / 2;
  const std::uint64_t tag = TagOf(record);
  std::memcpy(bytes_.data(), &tag, sizeof tag);
  std::memcpy(bytes_.data() + 8, &version, sizeof version);
  RandomStream random(RandomValue(kBytesSeed, tag, version, size));
  for (std::size_t at = 16; at < half; at += 8) {
    const std::uint64_t word = random.Next();
    std::memcpy(bytes_.data() + at, &word, std::min<std::size_t>(8, half - at));
  }
  std::memcpy(bytes_.data() + half, bytes_.data(), size - half);
  return {bytes_.data(), size};
}

bool HasTagOf(ByteView value, std::uint64_t record) {
  return value.size() >= kValueSizeMin && WordAt(value, 0) == TagOf(record);
}

bool IsValueOf(ByteView value, std::uint64_t record) {
  if (!HasTagOf(value, record) || value.size() > kValueSizeMax) return false;
  ValueBuffer expected;
  return value == expected.Of(record, WordAt(value, 8), value.size());
}

std::uint64_t VersionOf(ByteView value) { return WordAt(value, 8); }

}  // namespace beach::bench
