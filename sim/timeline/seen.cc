// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/seen.h"

#include "base/check.h"

namespace beach::sim::timeline {

Seen::Seen(std::size_t max) : first_max_(max / 4), last_max_(max - max / 4) {
  BEACH_CHECK_GE(max, 8U);
}

void Seen::See(const Sight& sight) {
  if (first_.size() < first_max_) return first_.push_back(sight);
  last_.push_back(sight);
  if (last_.size() <= last_max_) return;
  last_.pop_front();
  ++left_out_;
}

}  // namespace beach::sim::timeline
