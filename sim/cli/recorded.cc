// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/recorded.h"

#include <utility>

#include "sim/cli/os_terminal.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/sweep.h"

namespace beach::sim::cli {

RunOptions Recorded::ToRun() const {
  RunOptions run;
  run.seed = artifact.seed;
  run.policy = policy;
  run.options = artifact.options;
  run.replay = sweep::HasRecording(artifact) ? &artifact : nullptr;
  return run;
}

std::expected<Recorded, int> ReadRecorded(const std::string& path, const Program& program) {
  const auto text = sweep::OsReadFile(path);
  if (!text) return std::unexpected(EnvironmentError(text.error()));
  auto artifact = artifacts::FromJson(*text);
  if (!artifact) return std::unexpected(EnvironmentError(std::move(artifact).error().At(path)));
  const Scenario* scenario = program.Find(artifact->scenario);
  if (scenario == nullptr) return std::unexpected(NoSuchScenario(program, artifact->scenario));
  const auto policy = ParsePolicy(artifact->policy);
  if (!policy) {
    Error error(ErrorCode::kRefused, "unknown policy '" + artifact->policy + "'");
    return std::unexpected(EnvironmentError(std::move(error).At(path)));
  }
  return Recorded{.artifact = std::move(*artifact), .scenario = scenario, .policy = *policy};
}

}  // namespace beach::sim::cli
