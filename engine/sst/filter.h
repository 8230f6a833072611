// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

// A blocked Bloom filter over the user keys of a table: all bits of a key lie in one line of 64
// bytes, so that a probe costs one cache miss. (Putze, Sanders, Singler: "Cache-, Hash- and
// Space-Efficient Bloom Filters", 2007.) It says "absent" of no key that was added.
//
//   lines (64 bytes each), probes (1 byte)

namespace beach::engine::sst {

inline constexpr std::size_t kFilterLineSize = 64;
inline constexpr std::size_t kFilterTailSize = 1;
inline constexpr std::uint64_t kFilterBitsPerKeyMax = 64;
inline constexpr std::uint64_t kFilterProbesMax = 16;
// The line of a key is told by 32 bits of its hash.
inline constexpr std::uint64_t kFilterLinesMax = std::uint64_t{1} << 26;  // 4 GiB

// What the format prescribes for so many bits per key. REQUIRES: bits_per_key > 0.
std::uint64_t FilterProbes(std::uint64_t bits_per_key);
std::uint64_t FilterLines(std::uint64_t keys, std::uint64_t bits_per_key);

class FilterBuilder {
 public:
  // 0 bits per key: no filter. REQUIRES: at most kFilterBitsPerKeyMax.
  explicit FilterBuilder(std::uint64_t bits_per_key);

  // The hash of one more user key (key_hash.h).
  void Add(std::uint64_t hash);
  // The content of the filter block; empty where there is no filter.
  Bytes Finish() const;

  std::uint64_t bits_per_key() const { return bits_per_key_; }
  std::uint64_t keys() const { return hashes_.size(); }

 private:
  const std::uint64_t bits_per_key_;
  std::vector<std::uint64_t> hashes_;
};

// A filter that was read. Immutable; thread-safe.
class Filter {
 public:
  // kCorruption for what no builder makes. The checksum is the caller's to verify before.
  static Result<Filter> Parse(ByteView content, const std::string& path, std::uint64_t offset);

  // False: the key is not in the table.
  bool MayContain(std::uint64_t hash) const;

  std::uint64_t lines() const { return lines_count_; }
  std::uint64_t probes() const { return probes_; }
  std::uint64_t size_bytes() const { return lines_count_ * kFilterLineSize; }

 private:
  struct alignas(kFilterLineSize) Line {
    std::uint64_t words[kFilterLineSize / sizeof(std::uint64_t)];
  };
  Filter() = default;

  std::unique_ptr<Line[]> lines_;
  std::uint32_t lines_count_ = 0;
  std::uint32_t probes_ = 0;
};

}  // namespace beach::engine::sst
