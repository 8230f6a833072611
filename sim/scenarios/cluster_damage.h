// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/disk/disk.h"
#include "sim/scenarios/cluster_plan.h"
#include "sim/simulation.h"

// Where the disk of a node may be damaged so that the node can tell. What was just written, and
// nothing says yet that it was, is a torn write if it is damaged, and no reader can know better:
// that is left alone, and so is the newest item that says so of all before it.

namespace beach::sim::scenarios::cluster {

struct DamagePlace {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Of a Raft log: the blocks of listed segments below all that is vouched for, one place a block.
std::vector<DamagePlace> VouchedBlocks(Disk& disk, const std::string& directory);

// Does what the blow says, as far as there is something to be damaged. How many sectors were.
std::uint64_t DamageDisk(Simulation& simulation, HostId host, const Blow& blow);

}  // namespace beach::sim::scenarios::cluster
