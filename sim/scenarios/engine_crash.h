// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/scenarios/engine_crash_plan.h"

namespace beach::sim::scenarios {

// One host, one database, several lives. In each life a process opens the database, checks what it
// recovered, and lets clients write and read until it closes, is killed, or the power goes: also in
// the middle of an open, again and again. Disk faults strike as the run's plan wants. At the end,
// without faults, the database is opened three more times and must not have lost or changed
// anything.
//
// "engine-faults" is the same in all weather: clocks that step and freeze, pauses, allocations that
// fail, sticky errors, short transfers, a disk that turns read-only, every fsync profile, and one
// place that rots at rest. What each may cost is its contract label: what is masked nobody may
// notice, what is detected may cost errors and refusals but never a wrong answer, and when the
// damage is looked away from all that was promised is there.
//
// "engine-mvcc" is the first with few keys, many versions and readers that hold on to them.
// "engine-compaction" is it with tiny memtables, tables and levels: several levels come and go,
// jobs run side by side, and crashes fall into them.
class EngineCrash final : public Scenario {
 public:
  explicit EngineCrash(engine_crash::Weather weather = engine_crash::Weather::kErrors,
                       engine_crash::Focus focus = engine_crash::Focus::kWrites)
      : weather_(weather), focus_(focus) {}

  std::string name() const override;
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override;
  void Run(Simulation& simulation) const override;

 private:
  const engine_crash::Weather weather_;
  const engine_crash::Focus focus_;
};

}  // namespace beach::sim::scenarios
