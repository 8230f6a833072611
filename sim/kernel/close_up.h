// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "sim/fibers/stack_pool.h"
#include "sim/run.h"

namespace beach::sim {

// Takes down each event of a stretch, for finding where two runs part that should be the same.
class CloseUp {
 public:
  // Completes an event: who, when.
  using Describe = std::function<void(CloseUpEvent& event)>;
  // The stack that runs now.
  using RunningStack = std::function<Stack()>;

  CloseUp(EventRange range, Describe describe, RunningStack running)
      : range_(range), describe_(std::move(describe)), running_(std::move(running)) {}

  // The first event, not before `event`, to be told of; beyond the range the largest number.
  std::uint64_t Next(std::uint64_t event) const {
    if (event < range_.first) return range_.first;
    return event <= range_.last ? event : ~std::uint64_t{0};
  }
  // REQUIRES: event is in the range. With a SystemScope open.
  void Take(std::uint64_t event, std::uint64_t site, std::uint64_t number,
            const artifacts::RunHash& hash);
  // Something was added to what `event` fed to the hash.
  void Amend(std::uint64_t event, const artifacts::RunHash& hash) {
    if (!taken_.empty() && taken_.back().event == event) taken_.back().hash = hash;
  }

  const std::vector<CloseUpEvent>& taken() const { return taken_; }

 private:
  const EventRange range_;
  const Describe describe_;
  const RunningStack running_;
  std::vector<CloseUpEvent> taken_;
};

}  // namespace beach::sim
