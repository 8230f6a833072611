// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/events.h"
#include "oracle/crash_oracle.h"
#include "oracle/model.h"
#include "sim/scenarios/engine_crash_plan.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::engine_crash {

// How far a process came. Written by the process, read when it is gone.
struct LifeReport {
  bool opened = false;     // and what it recovered was read and judged
  bool closed = false;     // cleanly
  std::string open_error;  // an injected one; empty: none
};

// What outlives the processes: the oracles and the simulation. In the simulation's memory; code of
// a process enters it with a SystemScope open. It hears the engine's events.
class World final : public env::EventSink {
 public:
  World(Simulation& simulation_of_run, HostId host_of_run, const Plan& plan_of_run)
      : simulation(simulation_of_run), host(host_of_run), plan(plan_of_run) {}

  // "write.sequenced" puts a batch in order, "write.refused" takes it out again. What it breaks is
  // kept until Settle: the engine must not be left in the middle of a call.
  void Record(Site event, std::span<const env::EventField> fields) override;
  using env::EventSink::Record;

  // Ends the run if the oracle objects, or has objected to an event. No SystemScope is open.
  void Settle(const oracle::Judgement& judgement);

  // Ends the run unless an injected fault or the request itself explains the error.
  void Excuse(const char* operation, const Error& error);
  // The same for an open.
  void ExcuseOpen(const Error& error);

  void SetFaults(bool on);
  bool faults_on() const { return faults_on_; }

  Simulation& simulation;
  const HostId host;
  const Plan& plan;
  oracle::Model model;
  oracle::CrashOracle crash{model};
  LifeReport report;
  std::vector<Bytes> recovered_keys;  // to be read one by one; here, as processes die at any time

 private:
  bool FaultExplains(const Error& error) const;

  oracle::Judgement pending_;
  bool faults_on_ = false;
};

}  // namespace beach::sim::scenarios::engine_crash
