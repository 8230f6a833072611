// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace beach::engine::sst {

// How many entries of a table can expire, and when they do, about: by times[0] the first has, by
// times[i] i eighths of them, by the last all. In a table of no more than kExpirySampleMax such
// entries these are exact; the first and the last always are.
inline constexpr std::size_t kExpiryParts = 8;
struct ExpiryProfile {
  std::uint64_t entries = 0;
  std::array<std::uint64_t, kExpiryParts + 1> times = {};  // ascending; zeros for no entries

  // That have expired at that time: never more than 0 if none has, and never 0 if one has.
  std::uint64_t ExpiredAt(std::uint64_t time) const;

  friend bool operator==(const ExpiryProfile&, const ExpiryProfile&) = default;
};

// Makes it, in a memory that does not grow with the table: every n-th time is kept, and when there
// are too many, every other one of those is let go of. Which are kept follows from their order.
inline constexpr std::size_t kExpirySampleMax = 1024;
class ExpirySampler {
 public:
  void Add(std::uint64_t expires_at);
  ExpiryProfile Finish() const;

 private:
  std::uint64_t count_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t step_ = 1;
  std::vector<std::uint64_t> sample_;
};

// An entry of the table; only those count that can expire. REQUIRES: IsEntry.
void CountExpiry(ByteView internal_key, ByteView value, ExpirySampler& sampler);

}  // namespace beach::engine::sst
