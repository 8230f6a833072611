// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/seen.h"

#include <utility>

#include "base/check.h"

namespace beach::sim::timeline {

Seen::Seen(std::size_t max) : first_max_(max / 4), last_max_(max - max / 4) {
  BEACH_CHECK_GE(max, 8U);
}

void Seen::See(const Sight& sight) {
  if (first_.size() < first_max_) return first_.push_back(sight);
  last_.push_back(sight);
  if (last_.size() <= last_max_) return;
  Sight& oldest = last_.front();
  const bool stays = oldest.kind == SightKind::kShown || oldest.kind == SightKind::kProcess;
  if (stays && between_.size() < first_max_) {
    between_.push_back(std::move(oldest));
  } else {
    ++left_out_;
  }
  last_.pop_front();
}

}  // namespace beach::sim::timeline
