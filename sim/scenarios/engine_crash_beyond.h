// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "oracle/model.h"
#include "oracle/violation.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

// Faults beyond the contract: syncs that lie, writes lost or led astray, stale reads, a disk that
// was swapped, rot anywhere. Such a run owes less, but still: no value that was never written to
// its key, typed errors, no crash, no hang, no more memory than always; and while a handle is open,
// every read is an error or what was there when it opened and what was written since.

namespace beach::sim::scenarios::engine_crash {

struct BeyondPlan {
  bool on = false;
  std::vector<FaultRate> faults;
  std::uint64_t swap_before_life = 0;  // the disk is replaced by an empty one; 0: never
};

// Whether the run is one of those: of 1 in 8. To be asked for once.
bool DrawBeyond(Simulation& simulation);
// Of such a run.
BeyondPlan DrawBeyondPlan(Simulation& simulation, std::uint64_t lives);

// Any value of any life. In the simulation's memory.
class WrittenValues {
 public:
  void Issue(const oracle::ModelBatch& batch);
  // Of what was recovered.
  oracle::Judgement Judge(const std::vector<oracle::KeyValue>& found) const;

 private:
  std::map<Bytes, std::set<Bytes>> by_key_;
  std::set<Bytes> merged_;  // keys that were: what they show need not have been written as it is
};

// Errors by which the database says that its files are not as it left them.
bool IsErrorOfDamage(const Error& error);

}  // namespace beach::sim::scenarios::engine_crash
