// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "artifacts/artifact.h"
#include "base/error.h"
#include "sim/shrink/shrinker.h"
#include "sim/sweep/os_worker.h"
#include "sim/sweep/runner.h"

namespace beach::sim::shrink {

struct ShrinkOptions {
  std::size_t jobs = 1;
  sweep::WorkerLimits limits;     // of each run
  std::function<bool()> stopped;  // asked often: whether to go no further
  ShrinkProgressFunction progress;
};

struct Size {
  std::uint64_t operations = 0;
  std::uint64_t faults = 0;
  std::uint64_t events = 0;
};

struct ShrinkResult {
  // Unset: the artifact does not fail in its way any more; `signature` is how it ended.
  std::optional<artifacts::Artifact> artifact;
  std::string signature;
  Size before;
  Size after;
  std::uint64_t candidates = 0;
  bool complete = false;
  std::uint64_t replay_ns = 0;  // of the smaller one, in a process of its own, that included
  bool faithful = false;        // that replay took the recorded course to the same end
};

// Makes an artifact smaller that fails. What comes out is the recording of a run of its own.
// REQUIRES: the policy of the artifact is known; jobs > 0.
Result<ShrinkResult> Shrink(const Scenario& scenario, const artifacts::Artifact& artifact,
                            const sweep::Runner& runner, const ShrinkOptions& options);

}  // namespace beach::sim::shrink
