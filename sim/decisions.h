// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/site.h"

namespace beach::sim {

// Every random choice of a run. A value is a pure function of (seed, site, host, thread name, n-th
// use there by that thread), so a new fault point, lock or operation disturbs no other choice. On
// replay, the recorded faults replace the drawn ones.
class Decisions {
 public:
  // The next value at `site` for whoever runs now.
  virtual std::uint64_t Draw(Site site) = 0;

  // Whether the fault `site` strikes here: 0 for no, else 1..outcomes, which outcome. How likely is
  // the run's plan: zero where swarm switched it off. Strikes are counted and recorded.
  // REQUIRES: outcomes >= 1.
  virtual std::uint64_t Fault(Site site, std::uint64_t outcomes = 1) = 0;

  // In [0, bound), a choice that belongs to a fault (which cut, which sector): recorded when not 0.
  virtual std::uint64_t Choose(Site site, std::uint64_t bound) = 0;

 protected:
  ~Decisions() = default;
};

}  // namespace beach::sim
