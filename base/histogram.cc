// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace beach {

void Histogram::Merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::Percentile(std::uint64_t permille) const {
  BEACH_CHECK_LE(permille, 1000U);
  if (count_ == 0) return 0;
  // Rounded up without a product that could overflow.
  const std::uint64_t wanted = count_ / 1000 * permille + (count_ % 1000 * permille + 999) / 1000;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen > 0 && seen >= wanted) return LargestOf(i);
  }
  return LargestOf(kBuckets - 1);
}

// The first 2 * 2^kFineBits values have buckets of their own; then each power of two has
// 2^kFineBits.
std::size_t Histogram::BucketOf(std::uint64_t value) {
  const unsigned bits = static_cast<unsigned>(std::bit_width(value));
  if (bits <= kFineBits + 1) return value;
  const unsigned shift = bits - kFineBits - 1;
  return (static_cast<std::size_t>(shift) << kFineBits) + (value >> shift);
}

std::uint64_t Histogram::LargestOf(std::size_t bucket) {
  if (bucket < (std::size_t{2} << kFineBits)) return bucket;
  const unsigned shift = static_cast<unsigned>(bucket >> kFineBits) - 1;
  const std::uint64_t top = bucket - (static_cast<std::size_t>(shift) << kFineBits);
  return (top << shift) + ((std::uint64_t{1} << shift) - 1);
}

}  // namespace beach
