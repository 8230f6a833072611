// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "sim/kernel/sim_thread.h"

namespace beach::sim {

// Priorities that change at few drawn steps, as in "A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs" (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010): among n
// threads that make k steps, a bug that takes d ordered steps is met with a probability of at least
// 1 / (n * k^(d-1)). A number here is smaller the earlier the thread goes.
//
// A run is longer than what theory has in mind, so it is cut into windows of `length` steps, and in
// each of them priorities and change points are drawn anew. That also frees a thread that the
// others, waking each other, would never let run.
class PctSchedule {
 public:
  static constexpr std::uint64_t kDepthMax = 16;

  // REQUIRES: 1 <= depth <= kDepthMax, length >= 1.
  void Begin(std::uint64_t seed, std::uint64_t depth, std::uint64_t length);

  // The running thread has made a step; true when it was one that changes something.
  bool PassStep() { return ++step_ == next_; }
  // Called then: lowers the thread where the step was a change point. True when the window ended:
  // then all priorities are to be asked for again.
  bool Change(SimThread& thread);

  // A pure function of seed, host, life, thread name, and which window it is.
  std::uint64_t Initial(const Identity& identity) const;
  // Behind all others, until the window ends: for one that spins.
  std::uint64_t Last() { return kLast + ++lasts_; }

 private:
  static constexpr std::uint64_t kLowered = std::uint64_t{1} << 60;
  static constexpr std::uint64_t kLast = std::uint64_t{1} << 61;

  void BeginWindow();
  void FindNext();

  std::uint64_t seed_ = 0;
  std::uint64_t length_ = 1;
  std::uint64_t changes_ = 0;  // in each window
  std::uint64_t window_ = 0;
  std::uint64_t step_ = 0;  // of this window, from 1
  std::uint64_t next_ = 1;  // the step at which Change is due
  std::uint64_t lasts_ = 0;
  std::array<std::uint64_t, kDepthMax> points_{};  // the step of each change point
};

}  // namespace beach::sim
