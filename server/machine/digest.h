// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "raft/types.h"

namespace beach::server {

// One number for all entries up to one, what was said to each, and what each has written. Replicas
// whose digests at one index differ have diverged, at it or before.
inline std::uint64_t RollDigest(std::uint64_t digest, const raft::Entry& entry, ByteView answer,
                                ByteView batch) {
  const auto both = [](std::uint64_t high, std::uint64_t low) { return high << 32 | low; };
  return RandomValue(
      digest, entry.index.value, entry.term.value << 8 | static_cast<std::uint64_t>(entry.kind),
      both(Crc32c(entry.payload.view()), Crc32c(answer)), both(Crc32c(batch), batch.size()));
}

struct DigestAt {
  raft::LogIndex index;
  std::uint64_t digest = 0;

  friend bool operator==(const DigestAt&, const DigestAt&) = default;
};

// The newest digests of indexes that all replicas remember, if they have come so far: so those that
// run at different speeds can be compared.
class DigestRing {
 public:
  static constexpr std::uint64_t kStride = 64;
  static constexpr std::uint64_t kCount = 64;

  void Add(DigestAt at) {
    if (at.index.value % kStride != 0) return;
    kept_[at.index.value / kStride % kCount] = at;
  }
  // By index.
  std::vector<DigestAt> All() const {
    std::vector<DigestAt> all;
    std::uint64_t first = 0;  // the place of the oldest
    for (std::uint64_t i = 1; i < kCount; ++i) {
      if (kept_[i].index < kept_[first].index) first = i;
    }
    for (std::uint64_t i = 0; i < kCount; ++i) {
      const DigestAt& at = kept_[(first + i) % kCount];
      if (at.index != raft::LogIndex{}) all.push_back(at);
    }
    return all;
  }

 private:
  std::array<DigestAt, kCount> kept_ = {};
};

}  // namespace beach::server
