// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "sim/crashpoints/explore.h"
#include "sim/disk/image.h"
#include "sim/groups.h"
#include "sim/scenario.h"
#include "sim/sweep/difference.h"
#include "sim/sweep/pool.h"
#include "sim/sweep/report.h"

namespace beach::sim::cli {

// What `run` and `replay` print about one run.
struct RunOutput {
  std::string scenario;
  std::uint64_t seed = 0;
  const sweep::JobOutcome* outcome = nullptr;  // borrowed
  std::optional<bool> deterministic;           // when it was run twice
  std::optional<sweep::Mismatch> mismatch;
  std::optional<sweep::Difference> difference;
  std::optional<std::string> recorded_signature;  // of the artifact, on a replay
};
std::string RunAsText(const RunOutput& run);
std::string RunAsJson(const RunOutput& run);

// {"scenarios": [{"name", "boots", "checks"}, ...]}
std::string ScenariosAsJson(const std::vector<std::unique_ptr<Scenario>>& scenarios);
std::string GroupsAsJson(const std::vector<Group>& groups);

// What `crashpoints` prints.
std::string ExplorationAsText(const crashpoints::Exploration& exploration);
std::string ExplorationAsJson(const std::string& scenario, std::uint64_t seed,
                              const crashpoints::Exploration& exploration,
                              const std::vector<std::string>& artifacts);

// {"entries": [{"path", "kind", ...}, ...]}
std::string ImageAsJson(const DiskImage& image);

// One JSON object a line.
std::string TraceAsJsonLines(const std::vector<artifacts::TraceEvent>& trace);

// Threads, I/O, faults, operations, model against found, in the order in which they happened, one
// event a line, in columns.
std::string Timeline(const std::vector<artifacts::TraceEvent>& trace);

}  // namespace beach::sim::cli
