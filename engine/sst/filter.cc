// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/filter.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/coding.h"
#include "engine/sst/format.h"
#include "engine/sst/key_hash.h"

// The high half of a hash picks the line. The low half, multiplied by an odd number again and
// again, gives with its top 9 bits a bit of the line each time.

namespace beach::engine::sst {
namespace {

constexpr std::uint32_t kProbeFactor = 0x9e3779b1U;  // 2^32 / golden ratio, the prime next to it
constexpr unsigned kLineBits = 9;                    // 512 bits a line
constexpr unsigned kProbeShift = 32 - kLineBits;
static_assert(std::size_t{1} << kLineBits == kFilterLineSize * 8);

}  // namespace

// ln 2 bits of 1 make a Bloom filter best; a little less, because lines are not filled evenly.
std::uint64_t FilterProbes(std::uint64_t bits_per_key) {
  BEACH_CHECK_GT(bits_per_key, 0U);
  return std::clamp<std::uint64_t>((bits_per_key * 61 + 50) / 100, 1, kFilterProbesMax);
}

std::uint64_t FilterLines(std::uint64_t keys, std::uint64_t bits_per_key) {
  const std::uint64_t bits = keys * bits_per_key;
  const std::uint64_t lines = (bits + kFilterLineSize * 8 - 1) / (kFilterLineSize * 8);
  return std::clamp<std::uint64_t>(lines, 1, kFilterLinesMax);
}

FilterBuilder::FilterBuilder(std::uint64_t bits_per_key) : bits_per_key_(bits_per_key) {
  BEACH_CHECK_LE(bits_per_key, kFilterBitsPerKeyMax);
}

void FilterBuilder::Add(std::uint64_t hash) {
  if (bits_per_key_ > 0) hashes_.push_back(hash);
}

Bytes FilterBuilder::Finish() const {
  if (hashes_.empty()) return {};
  const std::uint64_t probes = FilterProbes(bits_per_key_);
  const auto lines = static_cast<std::uint32_t>(FilterLines(hashes_.size(), bits_per_key_));
  Bytes content(lines * kFilterLineSize, '\0');
  for (const std::uint64_t hash : hashes_) {
    char* const line = content.data() + ReduceHash(hash >> 32, lines) * kFilterLineSize;
    auto mixed = static_cast<std::uint32_t>(hash);
    for (std::uint64_t probe = 0; probe < probes; ++probe, mixed *= kProbeFactor) {
      const std::uint32_t bit = mixed >> kProbeShift;
      line[bit / 8] = static_cast<char>(static_cast<unsigned char>(line[bit / 8]) | 1U << bit % 8);
    }
  }
  Encoder(content).Fixed8(static_cast<std::uint8_t>(probes));
  return content;
}

Result<Filter> Filter::Parse(ByteView content, const std::string& path, std::uint64_t offset) {
  const std::uint64_t size = content.size();
  if (size < kFilterLineSize + kFilterTailSize || (size - kFilterTailSize) % kFilterLineSize != 0 ||
      (size - kFilterTailSize) / kFilterLineSize > kFilterLinesMax) {
    return Damaged(path, offset, "a filter's size is not of whole lines");
  }
  const auto probes = static_cast<std::uint8_t>(content.back());
  if (probes == 0 || probes > kFilterProbesMax) {
    return Damaged(path, offset + size - kFilterTailSize, "a filter's number of probes");
  }
  Filter filter;
  filter.probes_ = probes;
  filter.lines_count_ = static_cast<std::uint32_t>((size - kFilterTailSize) / kFilterLineSize);
  filter.lines_ = std::make_unique_for_overwrite<Line[]>(filter.lines_count_);
  std::memcpy(filter.lines_.get(), content.data(), filter.size_bytes());
  return filter;
}

bool Filter::MayContain(std::uint64_t hash) const {
  const Line& line = lines_[ReduceHash(hash >> 32, lines_count_)];
  auto mixed = static_cast<std::uint32_t>(hash);
  for (std::uint32_t probe = 0; probe < probes_; ++probe, mixed *= kProbeFactor) {
    const std::uint32_t bit = mixed >> kProbeShift;
    if ((line.words[bit / 64] >> bit % 64 & 1) == 0) return false;
  }
  return true;
}

}  // namespace beach::engine::sst
