// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "artifacts/artifact.h"
#include "base/random.h"

namespace beach::sim {

// The hash of everything that happened in a run, in order. Fed with numbers of fixed width only,
// never with addresses. Two lanes of multiply and rotate; spread when read.
class RollingHash {
 public:
  void Add(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    low_ = (std::rotl(low_, 23) ^ a) * 0x9fb21c651e98df25U + b;
    high_ = (std::rotl(high_, 29) ^ c ^ low_) * 0xd6e8feb86659fd93U + a;
  }

  void AddText(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    Add(hash, text.size(), 0x7e47);
  }

  artifacts::RunHash Value() const {
    return {.high = Mix64(high_ ^ Mix64(low_)), .low = Mix64(low_ + Mix64(high_ + 1))};
  }

 private:
  std::uint64_t low_ = 0x243f6a8885a308d3U;
  std::uint64_t high_ = 0x13198a2e03707344U;
};

}  // namespace beach::sim
