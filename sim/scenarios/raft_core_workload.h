// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "artifacts/artifact.h"
#include "base/random.h"
#include "raft/core.h"
#include "sim/scenarios/raft_core_plan.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::raft_core {

enum class ActionKind : std::uint8_t {
  kPropose,    // bytes beside its name
  kRead,       // 1: a lease will do
  kCrash,      // pieces of the disk's work that are done all the same, entries of the next
  kStart,      //
  kChange,     // mode, changes
  kTransfer,   // to
  kFlush,      //
  kCompact,    // behind a flush: entries that are kept
  kPartition,  // one bit a node, 1: the one half is heard by the other
  kCutOff,     // from all others
  kHeal,       //
  kPause,      // for so many microseconds
  kDamage,     // of a node that crashes: behind how many entries, how many; 0: all of its state
};

// What clients, operators and bad luck do: one line of the workload. Node `nodes`, one behind the
// last, is whoever leads.
struct Action {
  ActionKind kind = ActionKind::kHeal;
  std::uint64_t node = 0;
  std::uint64_t pause_us = 0;  // before it
  std::uint64_t first = 0;     // as above
  std::uint64_t second = 0;
  std::vector<raft::Change> changes;
};

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream);

// Nothing: it is none of this scenario's.
std::optional<Action> Parse(const artifacts::Operation& operation, std::uint64_t nodes);

// Recorded or made; the run fails where one is not this scenario's.
std::vector<Action> TakeWorkload(Simulation& simulation, const Plan& plan);

}  // namespace beach::sim::scenarios::raft_core
