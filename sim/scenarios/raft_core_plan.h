// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "raft/options.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::raft_core {

inline constexpr std::uint64_t kMicrosecond = 1'000;
inline constexpr std::uint64_t kMillisecond = 1'000'000;
inline constexpr std::uint64_t kVotersMax = 5;
inline constexpr std::uint64_t kSparesMax = 2;
inline constexpr std::uint64_t kPayloadMax = 256;

// How long something takes: uniformly drawn, both ends included.
struct Latency {
  std::uint64_t min_ns = 0;
  std::uint64_t max_ns = 0;
};

// A machine of the cluster.
struct NodePlan {
  std::int64_t drift_ppm = 0;   // of its clock
  std::uint64_t origin_ns = 0;  // what it shows when the run begins
  std::uint64_t disk_times = 1;
  std::uint64_t apply_times = 1;
  std::uint64_t compact_every = 0;  // entries, by itself; 0: as operators say
};

// What becomes of disks of voters, beside what a crash does; where anything does, nobody comes or
// goes. What is lost on one disk is whole on another.
enum class Damages : std::uint8_t {
  kNone,
  kMinority,    // entries, and all of a state machine, of few nodes at a time
  kEverywhere,  // entries, of all nodes, which keep their logs
};

// All that differs from run to run beside operations and faults.
struct Plan {
  std::uint64_t voters = 3;
  std::vector<NodePlan> nodes;  // spare ones behind the voters
  raft::Options options;        // of all nodes
  Latency message;
  Latency disk;
  Latency apply;
  Latency load;
  Latency snapshot;
  bool in_order = false;             // messages from one node to another do not pass each other
  std::uint64_t late_max_ns = 0;     // of a message that is delayed by a fault
  std::uint64_t gather_ns = 0;       // a driver may take inputs for so long before it takes output
  std::uint64_t gather_percent = 0;  // of the inputs after which it does
  std::uint64_t operations = 1;
  std::uint64_t pause_max_us = 1;          // before an operation of a client
  std::uint64_t trouble_pause_max_us = 1;  // before any other
  Damages damages = Damages::kNone;
  bool few_come_back = false;  // in the end: a majority, if it can serve
  bool loses_entries = false;  // for tests: a crash takes the last entry that was durable
};

Plan DrawPlan(Simulation& simulation);

}  // namespace beach::sim::scenarios::raft_core
