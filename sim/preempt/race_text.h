// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "sim/preempt/race_detector.h"

namespace beach::sim::preempt {

// A race in words. The rule has no values: "data-race engine::A + engine::B", the two functions of
// ours in which it was, in the order of their names, equal for equal races however they came about.
struct RaceText {
  std::string rule;
  std::string message;  // one sentence: who did what where, which lines called that
};

// `threads`: names by ThreadIndex. Places are named by name_places (watcher.h), else numbers.
RaceText Describe(const Race& race, std::span<const std::string> threads);

}  // namespace beach::sim::preempt
