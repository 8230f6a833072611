// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace beach {

// Durations, counted in buckets whose width is a thirty-second of what they hold, or one below 64:
// a percentile is at most 3.2 % too high. 15 KiB, whatever is added. Not thread-safe.
class Histogram {
 public:
  void Add(std::uint64_t value) {
    ++counts_[BucketOf(value)], ++count_;
    if (value > max_) max_ = value;
  }
  void Merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }  // exactly; 0 for an empty histogram
  // The largest value that the bucket holds into which the value falls that `permille` thousandths
  // of all do not exceed; 0 for an empty histogram. REQUIRES: permille <= 1000.
  std::uint64_t Percentile(std::uint64_t permille) const;

 private:
  static constexpr unsigned kFineBits = 5;
  static constexpr std::size_t kBuckets = (64 - kFineBits + 1) << kFineBits;
  static std::size_t BucketOf(std::uint64_t value);
  static std::uint64_t LargestOf(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> counts_ = {};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace beach
