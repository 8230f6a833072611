// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace beach::sim::preempt {

// Which thread of a process, counted from 0 in the order in which they began.
using ThreadIndex = std::uint16_t;
// How often a thread has published what it did before. 0 stands for "never".
using Epoch = std::uint32_t;

// What is known of each thread's past: all that it did up to that epoch.
class VectorClock {
 public:
  Epoch Of(ThreadIndex thread) const { return thread < epochs_.size() ? epochs_[thread] : 0; }

  void Set(ThreadIndex thread, Epoch epoch) {
    if (thread >= epochs_.size()) epochs_.resize(std::size_t{thread} + 1);
    epochs_[thread] = epoch;
  }

  // Knows what either knew.
  void Join(const VectorClock& other) {
    if (other.epochs_.size() > epochs_.size()) epochs_.resize(other.epochs_.size());
    for (std::size_t i = 0; i < other.epochs_.size(); ++i) {
      epochs_[i] = std::max(epochs_[i], other.epochs_[i]);
    }
  }

  void Clear() { epochs_.clear(); }
  bool empty() const { return epochs_.empty(); }

 private:
  std::vector<Epoch> epochs_;  // by thread
};

}  // namespace beach::sim::preempt
