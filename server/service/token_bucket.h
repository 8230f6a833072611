// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace beach::server {

inline constexpr std::uint64_t kPaceMax = 1'000'000;

// How often somebody may ask. It holds `burst` tokens at most and gets `rate` of them a second; a
// request takes one. All that is kept is when it will be full (the generic cell rate algorithm).
class TokenBucket {
 public:
  // Whoever asks may.
  TokenBucket() = default;
  TokenBucket(std::uint64_t rate, std::uint64_t burst) { Renew(rate, burst); }

  // Both at most kPaceMax. A rate of 0: whoever asks may. REQUIRES else: burst > 0. What was taken
  // is so still.
  void Renew(std::uint64_t rate, std::uint64_t burst) {
    token_ns_ = rate == 0 ? 0 : kNsPerSecond / rate;
    depth_ns_ = rate == 0 ? 0 : token_ns_ * (burst - 1);
  }

  // False: there is none, and nothing is taken. `now_ns` never goes back.
  bool Take(std::uint64_t now_ns) {
    if (token_ns_ == 0) return true;
    const std::uint64_t full_ns = std::max(full_at_ns_, now_ns);
    if (full_ns - now_ns > depth_ns_) return false;
    full_at_ns_ = full_ns + token_ns_;
    return true;
  }

 private:
  static constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

  std::uint64_t token_ns_ = 0;  // between two of them; 0: no limit
  std::uint64_t depth_ns_ = 0;  // how long all but one take to come
  std::uint64_t full_at_ns_ = 0;
};

}  // namespace beach::server
