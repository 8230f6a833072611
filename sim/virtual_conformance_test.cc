// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/check.h"
#include "env/conformance/clock_conformance.h"
#include "env/conformance/files_conformance.h"
#include "env/conformance/loop_conformance.h"
#include "env/conformance/threads_conformance.h"
#include "sim/kernel/test_scenario.h"

// The virtual bindings of the seams pass the suite that Linux passes. Each case runs as one process
// on one host.

namespace beach::sim {
namespace {

class VirtualFixture final : public env::conformance::Fixture {
 public:
  VirtualFixture(Policy policy, std::uint64_t seed) : policy_(policy), seed_(seed) {}

  env::FileSystem& files() override { return *environment_->files; }
  env::Clock& clock() override { return *environment_->clock; }
  env::Env env() override { return *environment_; }
  std::string Host() override { return "a"; }
  std::string directory() override { return "/conformance"; }

  void Run(std::function<void()> body) override {
    RunOptions options;
    options.seed = seed_;
    options.policy = policy_;
    options.options["host.a.direct"] = 1;  // as on the file system that Linux is tested with
    const RunReport report = RunBody(
        [this, &body](Simulation& simulation) {
          const HostId host = simulation.AddHost("a");
          const ProcessId process =
              simulation.Start(host, "case", [this, &body](const env::Env& environment) {
                environment_ = &environment;
                const auto made = environment.files->CreateDirectory("/conformance");
                BEACH_CHECK(made.has_value());
                body();
              });
          simulation.Wait(process);
        },
        options);
    EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
  }

 private:
  const Policy policy_;
  const std::uint64_t seed_;
  const env::Env* environment_ = nullptr;
};

// What loops promise holds of any order in which things may happen: the random policy has more
// seeds.
constexpr std::uint64_t kLoopSeeds = 8;

env::conformance::FixtureMaker Maker(Policy policy, std::uint64_t seed = 1) {
  return [policy, seed] { return std::make_unique<VirtualFixture>(policy, seed); };
}

[[maybe_unused]] const bool registered = [] {
  for (const Policy policy :
       {Policy::kRandom, Policy::kFewestSwitches, Policy::kPct, Policy::kCalm}) {
    const std::string name = policy == Policy::kRandom ? "Virtual"
                             : policy == Policy::kPct  ? "VirtualPct"
                             : policy == Policy::kCalm ? "VirtualCalm"
                                                       : "VirtualFewest";
    env::conformance::RegisterFileConformance(name, Maker(policy));
    env::conformance::RegisterLoopConformance(name, Maker(policy));
    env::conformance::RegisterClockConformance(name, Maker(policy));
    env::conformance::RegisterThreadConformance(name, Maker(policy));
  }
  for (std::uint64_t seed = 2; seed <= kLoopSeeds; ++seed) {
    env::conformance::RegisterLoopConformance("VirtualSeed" + std::to_string(seed),
                                              Maker(Policy::kRandom, seed));
  }
  return true;
}();

}  // namespace
}  // namespace beach::sim
