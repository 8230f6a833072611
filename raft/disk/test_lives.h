// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "raft/disk/crash_model.h"
#include "raft/types.h"
#include "sim/simulation.h"

// For the tests of what crashes and damage leave: a log in several lives on a virtual machine,
// under random work. After each, what is found is held to the model.

namespace beach::raft::testing {

inline constexpr char kDirectory[] = "raft";

// What outlives the processes.
struct World {
  sim::Simulation& simulation;
  sim::HostId host;
  RandomStream random;
  CrashModel model{};
  Term term{1};  // of the next entries: no two of one index and term differ
  std::uint64_t next_payload = 1;
  bool faults = false;  // in this life
  std::uint64_t opened = 0;
  std::uint64_t failed = 0;
  std::uint64_t crashes = 0;
  std::uint64_t acknowledged = 0;
  bool damage = false;  // lives go on with what is lost, and fill it
  std::uint64_t found_lost = 0;
  std::uint64_t found_damaged = 0;
  std::uint64_t filled = 0;
  bool may_refuse = false;  // damage may be more than can be mended
  std::uint64_t refused = 0;
  std::vector<Step> drawn{};  // what a process writes now; a kill leaves it here

  std::uint64_t Draw(std::uint64_t count) { return random.Next() % count; }
  bool OneIn(std::uint64_t count) { return Draw(count) == 0; }
};

// Ends the run: what it found breaks a rule. From inside of a process.
void Wrong(World& world, const std::string& rule, const std::string& what);

// Opens the log, works, and leaves it. False: it came to no good end, by what was done to it.
bool RunLife(World& world, std::uint64_t work);

// Faults of the disk, in this life.
void SetFaults(World& world, bool on);

std::uint64_t FromEnvironment(const char* name, std::uint64_t usual);

}  // namespace beach::raft::testing
