// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"

namespace beach::sim::scenarios {

// The log alone: no memtable, no table, no read but recovery. What is driven is engine/wal itself,
// by a user of its own (wal_store.h, wal_recovered.h) that shares no line with the database: it
// lists segments in the engine's manifest, because a log is recovered from what is listed, and for
// the rest is as small as the rule allows. So the log meets a second user, and each seed spends its
// time on appends, crashes and recoveries alone.
//
// One host, several lives. In each a process recovers the log, and writers append, synced or not,
// with 1 to 8 flights under way, while segments are prepared, entered, retired and recycled; until
// it closes, is killed, or the power goes: also in the middle of a recovery, again and again. Disk
// and host fail as the run's plan wants, under every fsync profile, and one place of the log rots
// at rest. What each may cost is its contract label, as in engine-faults.
class Wal final : public Scenario {
 public:
  std::string name() const override { return "wal"; }
  std::string boots() const override;
  std::string checks() const override;
  std::vector<std::uint32_t> rules() const override { return {5, 6, 12, 13}; }
  void Run(Simulation& simulation) const override;
};

}  // namespace beach::sim::scenarios
