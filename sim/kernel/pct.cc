// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/pct.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "base/site.h"

namespace beach::sim {
namespace {

constexpr Site kPriority = "sim.pct_priority";
constexpr Site kChangePoint = "sim.pct_change_point";
constexpr int kPriorityShift = 4;  // below kLowered

}  // namespace

void PctSchedule::Begin(std::uint64_t seed, std::uint64_t depth, std::uint64_t length) {
  BEACH_CHECK_GE(depth, 1U);
  BEACH_CHECK_LE(depth, kDepthMax);
  BEACH_CHECK_GE(length, 1U);
  seed_ = seed;
  length_ = length;
  changes_ = depth - 1;
  BeginWindow();
}

void PctSchedule::BeginWindow() {
  step_ = 0;
  for (std::uint64_t i = 0; i < changes_; ++i) {
    const std::uint64_t value = RandomValue(seed_, kChangePoint.hash, window_, i);
    points_[i] = 1 + RandomBelow(value, length_);
  }
  FindNext();
}

void PctSchedule::FindNext() {
  next_ = length_;
  for (std::uint64_t i = 0; i < changes_; ++i) {
    if (points_[i] > step_) next_ = std::min(next_, points_[i]);
  }
}

// Where the change points fall has no part in how low each of them puts a thread.
bool PctSchedule::Change(SimThread& thread) {
  for (std::uint64_t i = 0; i < changes_; ++i) {
    if (points_[i] == step_) thread.priority = kLowered + i;
  }
  if (step_ < length_) {
    FindNext();
    return false;
  }
  ++window_;
  BeginWindow();
  return true;
}

std::uint64_t PctSchedule::Initial(const Identity& identity) const {
  return RandomValue(identity.schedule_key, kPriority.hash, window_) >> kPriorityShift;
}

}  // namespace beach::sim
