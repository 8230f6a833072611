// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "artifacts/artifact.h"
#include "sim/run.h"
#include "sim/scenario.h"

namespace beach::sim::sweep {

using RunFunction = std::function<RunReport(const Scenario&, const RunOptions&)>;
using ArtifactFunction =
    std::function<artifacts::Artifact(const Scenario&, const RunOptions&, const RunReport&)>;

// What turns a scenario and a seed into a report: the simulation, or a test's stand-in.
struct Runner {
  RunFunction run;
  ArtifactFunction make_artifact;
};

}  // namespace beach::sim::sweep
