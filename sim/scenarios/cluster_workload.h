// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "sim/scenarios/cluster_plan.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::cluster {

enum class Kind : std::uint8_t {
  kPut,
  kAppend,
  kDelete,
  kGet,
  kCas,   // from the value that this client saw there last, absent where it saw none
  kPair,  // puts two keys, and reads what was in both
};

// One thing for a client to do.
struct Work {
  std::uint64_t id = 0;
  Kind kind = Kind::kPut;
  std::uint64_t key = 0;
  std::uint64_t other = 0;  // of kPair
  std::uint64_t value_size = 0;
  std::uint64_t pause_ms = 0;  // before it
};
using Works = std::vector<std::vector<Work>>;  // by client

Works TakeWorkload(Simulation& simulation, const Plan& plan);

Bytes KeyOf(std::uint64_t key);
// Names the work that wrote it.
Bytes ValueOf(const Work& work);

}  // namespace beach::sim::scenarios::cluster
