// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env/env.h"
#include "sim/scenarios/links_world.h"

namespace beach::sim::scenarios::links {

struct NodePlan {
  std::uint64_t self = 0;
  std::uint64_t nodes = 2;
  std::uint64_t life = 1;
  wire::LinkOptions options;
  const std::vector<Say>* says = nullptr;  // what this life has to say; of the harness
};

// "n0:7000".
std::string AddressOf(std::uint64_t node);

// The process of a node: listens, dials the others, says what it has to say, until the world stops.
void RunNode(World& world, const NodePlan& plan, const env::Env& env);

}  // namespace beach::sim::scenarios::links
