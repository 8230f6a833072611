// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/shares.h"

#include <algorithm>

#include "base/check.h"

namespace beach::sim::sweep {

std::uint64_t Shares::Charged(const Taker& taker) {
  const std::uint64_t average = taker.ended == 0 ? 1 : taker.spent_ns / taker.ended;
  return taker.spent_ns + taker.under_way * average;
}

std::size_t Shares::Begin() {
  BEACH_CHECK(!takers_.empty());
  const auto least = std::ranges::min_element(takers_, {}, &Shares::Charged);
  ++least->under_way;
  return static_cast<std::size_t>(least - takers_.begin());
}

void Shares::End(std::size_t taker, std::uint64_t took_ns) {
  BEACH_CHECK_LT(taker, takers_.size());
  BEACH_CHECK_GT(takers_[taker].under_way, 0U);
  --takers_[taker].under_way;
  ++takers_[taker].ended;
  takers_[taker].spent_ns += took_ns;
}

}  // namespace beach::sim::sweep
