// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

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
  explicit VirtualFixture(Policy policy) : policy_(policy) {}

  env::FileSystem& files() override { return *environment_->files; }
  env::Clock& clock() override { return *environment_->clock; }
  env::Env env() override { return *environment_; }
  std::string Host() override { return "a"; }
  std::string directory() override { return "/conformance"; }

  void Run(std::function<void()> body) override {
    RunOptions options;
    options.seed = 1;
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
  const env::Env* environment_ = nullptr;
};

env::conformance::FixtureMaker Maker(Policy policy) {
  return [policy] { return std::make_unique<VirtualFixture>(policy); };
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
  return true;
}();

}  // namespace
}  // namespace beach::sim
