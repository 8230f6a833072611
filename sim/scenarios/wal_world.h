// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "oracle/log_oracle.h"
#include "sim/scenarios/wal_plan.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::log_alone {

inline constexpr char kDirectory[] = "log";

// How far a process came. Written by the process, read when it is gone.
struct LifeReport {
  bool opened = false;
  bool closed = false;     // cleanly
  std::string open_error;  // an injected one; empty: none
};

// What outlives the processes: oracle and simulation. In the simulation's memory; code of a process
// enters it with a SystemScope open.
class World {
 public:
  World(Simulation& simulation_of_run, HostId host_of_run, const Plan& plan_of_run);

  // Error faults strike as planned, damage shows, and the disk has the size it was drawn with; or
  // none of that.
  void SetFaults(bool on);
  // What has struck so far explains nothing from here on.
  void ForgetFaults() { forgotten_ = CountFaults(); }
  void BeginProcess();
  // How the process that has exited or was killed left the OS's cache.
  oracle::LifeEnd CacheAfter(oracle::LifeEnd end);

  // Each ends the run unless all is well. No SystemScope is open.
  void Settle(const oracle::Judgement& judgement);
  // Unless a fault that has struck in this process explains the error.
  void Excuse(const char* rule, const char* doing, const Error& error);

  // Whether the log is damaged at rest, and that may be seen.
  bool IsRotten() const { return rotten_; }
  bool DamageExplains(const Error& error);
  void Trace(const std::string& text) { simulation.Trace("log", text); }

  Simulation& simulation;
  const HostId host;
  const Plan& plan;
  oracle::LogOracle oracle;
  LifeReport report;
  // All that the log holds was vouched for when its last process went, and nothing struck since.
  bool tidy = false;
  std::uint64_t next_probe = std::uint64_t{1} << 40;

 private:
  struct FaultCounts {
    std::uint64_t no_space = 0;
    std::uint64_t others = 0;
  };
  FaultCounts CountFaults();
  std::uint64_t CountFailedSyncs();

  const std::uint64_t capacity_bytes_;
  FaultCounts forgotten_;
  std::uint64_t failed_syncs_ = 0;  // when the process began
  bool damage_visible_ = true;
  bool rotten_ = false;
};

}  // namespace beach::sim::scenarios::log_alone
