// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/artifact.h"

namespace beach::sim {

class Scenario;

enum class Policy : std::uint8_t { kRandom, kFewestSwitches };
const char* PolicyName(Policy policy);
std::optional<Policy> ParsePolicy(const std::string& name);

struct RunOptions {
  std::uint64_t seed = 0;
  Policy policy = Policy::kRandom;
  // Set for a replay: its options, operations and decisions are followed, the streams fill in where
  // the code now asks for what was not recorded. Borrowed.
  const artifacts::Artifact* replay = nullptr;
  // Knobs set by hand; they win over those that the seed draws.
  std::map<std::string, std::uint64_t> options;
  bool keep_trace = false;                // all events in `trace`, not the last few only
  std::uint64_t address_salt = 0;         // moves every arena; must not change the hash
  std::uint64_t events_max = 20'000'000;  // beyond it: the "event limit" verdict
};

struct RunReport {
  artifacts::Verdict verdict;
  artifacts::RunHash hash;
  std::vector<artifacts::Checkpoint> checkpoints;
  std::uint64_t virtual_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t operations = 0;
  std::map<std::string, std::uint64_t> faults;     // name to activations
  std::map<std::string, std::uint64_t> sometimes;  // site to hits; only those hit
  std::map<std::string, std::uint64_t> options;    // expanded
  std::vector<artifacts::Operation> workload;
  std::vector<artifacts::Decision> decisions;
  std::vector<artifacts::TraceEvent> trace;  // the last ones, or all
  // On replay: the event of the first checkpoint that differs from the recorded ones.
  std::optional<std::uint64_t> diverged_at;
};

// One run in this process, on this thread. Failing oracles end up in the verdict; an abort or a
// fault of the code under test ends the process (sim/worker.h contains it).
RunReport RunScenario(const Scenario& scenario, const RunOptions& options);

// The artifact of a run.
artifacts::Artifact MakeArtifact(const Scenario& scenario, const RunOptions& options,
                                 const RunReport& report);

}  // namespace beach::sim
