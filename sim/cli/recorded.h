// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "artifacts/artifact.h"
#include "sim/cli/program.h"
#include "sim/run.h"

namespace beach::sim::cli {

// What an artifact asks to be run again.
struct Recorded {
  artifacts::Artifact artifact;
  const Scenario* scenario = nullptr;
  Policy policy = Policy::kMixed;

  // Follows its recording, where it has one; borrows the artifact.
  RunOptions ToRun() const;
};

// Reads it. Else says on stderr what is wrong (no such file, no artifact, a scenario or policy that
// this program does not have), and gives the exit code.
std::expected<Recorded, int> ReadRecorded(const std::string& path, const Program& program);

}  // namespace beach::sim::cli
