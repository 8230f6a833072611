// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "base/site.h"

namespace beach::sim {

// Every random choice of a run. A value is a pure function of (seed, site, host, thread name, n-th
// use there by that thread in this life of its process), so a new fault point, lock or operation
// disturbs no other choice. On replay the recorded faults replace the drawn ones, and the recorded
// choices those that they name; a choice that was not recorded is drawn.
class Decisions {
 public:
  // The next value at `site` for whoever runs now.
  virtual std::uint64_t Draw(Site site) = 0;

  // Whether the fault `site` strikes here: 0 for no, else 1..outcomes, which outcome. How likely is
  // the run's plan: zero where swarm switched it off. Strikes are counted and recorded.
  // REQUIRES: outcomes >= 1.
  virtual std::uint64_t Fault(Site site, std::uint64_t outcomes = 1) = 0;

  // In [0, bound), a choice that belongs to a fault (how much of it was written). Recorded.
  virtual std::uint64_t Choose(Site site, std::uint64_t bound) = 0;

  // The same for what happens to a machine as such: its third power cut, the death of its second
  // process. `number` says which, once per site and host; so neither whoever runs when it happens
  // nor what was chosen before has a part in it.
  virtual std::uint64_t ChooseFor(Site site, const std::string& host, std::uint64_t number,
                                  std::uint64_t bound) = 0;

  // Whether the plan of this run has ever given `site` a rate above zero. A fault that has none may
  // do without its Fault, which would cost time and say no: it then leaves no trace at all.
  virtual bool Planned(Site site) const = 0;
  // Whether this run is without `site` (sim/groups.h): for what is drawn by other means than Fault,
  // which asks it by itself.
  virtual bool Off(Site site) const = 0;
  // Changes whenever an answer of Planned does.
  std::uint64_t plan_version() const { return plan_version_; }

  // Counts a fault that follows from something else than a draw of its own: a full disk.
  virtual void CountFault(Site site) = 0;

 protected:
  ~Decisions() = default;

  std::uint64_t plan_version_ = 1;
};

}  // namespace beach::sim
