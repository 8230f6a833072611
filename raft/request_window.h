// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "raft/types.h"

namespace beach::raft {

// Which of one follower's forwarded proposals a leader has seen, in its term. Ids grow; of the
// newest 1,024 each is remembered, all older ones count as seen. So a message that the network
// repeats, however late, is never a second entry; one that it delays beyond the window is no entry,
// and its sender hears that the fate is unknown.
class RequestWindow {
 public:
  static constexpr std::uint64_t kSize = 1024;

  // True the first time.
  bool Take(ForwardId id) {
    if (id.value > highest_) {
      Advance(id.value);
    } else if (highest_ - id.value >= kSize) {
      return false;
    }
    std::uint64_t& word = seen_[id.value % kSize / 64];
    const std::uint64_t bit = std::uint64_t{1} << id.value % 64;
    if ((word & bit) != 0) return false;
    word |= bit;
    return true;
  }

 private:
  void Advance(std::uint64_t to) {
    if (to - highest_ >= kSize) {
      for (std::uint64_t& word : seen_) word = 0;
    } else {
      for (std::uint64_t i = highest_ + 1; i <= to; ++i) {
        seen_[i % kSize / 64] &= ~(std::uint64_t{1} << i % 64);
      }
    }
    highest_ = to;
  }

  std::uint64_t highest_ = 0;
  std::uint64_t seen_[kSize / 64] = {};
};

}  // namespace beach::raft
