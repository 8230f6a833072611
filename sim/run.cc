// SPDX-License-Identifier: Apache-2.0
#include "sim/run.h"

#include <pthread.h>
#include <sys/single_threaded.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "base/check.h"
#include "sim/build_id.h"
#include "sim/kernel/kernel.h"
#include "sim/memory/process_memory.h"
#include "sim/scenario.h"

namespace beach::sim {
namespace {

// A process that never had a second thread counts shared_ptr references without atomics: other
// branches of the same code than production takes. One thread, joined, ends that.
void LeaveSingleThreadedMode() {
  if (__libc_single_threaded == 0) return;
  pthread_t thread;
  int failure = pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
  BEACH_CHECK_EQ(failure, 0);
  failure = pthread_join(thread, nullptr);
  BEACH_CHECK_EQ(failure, 0);
}

}  // namespace

const char* PolicyName(Policy policy) {
  switch (policy) {
    case Policy::kRandom: return "random";
    case Policy::kPct: return "pct";
    case Policy::kFewestSwitches: return "fewest-switches";
    case Policy::kMixed: return "mixed";
    case Policy::kCalm: return "calm";
  }
  return "?";
}

std::optional<Policy> ParsePolicy(const std::string& name) {
  for (const Policy policy :
       {Policy::kRandom, Policy::kPct, Policy::kFewestSwitches, Policy::kMixed, Policy::kCalm}) {
    if (name == PolicyName(policy)) return policy;
  }
  return std::nullopt;
}

RunReport RunScenario(const Scenario& scenario, const RunOptions& options) {
  LeaveSingleThreadedMode();
  memory::Stir(options.address_salt);
  const auto kernel = std::make_unique<Kernel>(scenario, options);
  return kernel->Run();
}

artifacts::Artifact MakeArtifact(const Scenario& scenario, const RunOptions& options,
                                 const RunReport& report) {
  artifacts::Artifact artifact;
  artifact.build_id = BuildId();
  artifact.scenario = scenario.name();
  artifact.seed = options.seed;
  artifact.policy = PolicyName(options.policy);
  artifact.options = report.options;
  artifact.operations = report.workload;
  artifact.decisions = report.decisions;
  artifact.verdict = report.verdict;
  artifact.hash = report.hash;
  artifact.checkpoints = report.checkpoints;
  // What was shown is no event: a replay that nobody watches has none of it.
  std::ranges::copy_if(report.trace, std::back_inserter(artifact.last_events),
                       [](const auto& event) { return event.kind != kShownKind; });
  return artifact;
}

}  // namespace beach::sim
