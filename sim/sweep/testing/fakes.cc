// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/testing/fakes.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/random.h"

namespace beach::sim::fakes {
namespace {

using Behave = void (*)(const RunOptions&, RunReport&);

class Fake final : public Scenario {
 public:
  Fake(const char* name, Behave behave) : name_(name), behave_(behave) {}
  std::string name() const override { return name_; }
  std::string boots() const override { return "nothing"; }
  std::string checks() const override { return "that a sweep of it comes out right"; }
  void Run(Simulation&) const override { BEACH_CHECK(false); }
  void Behave(const RunOptions& options, RunReport& report) const { behave_(options, report); }

 private:
  const char* name_;
  fakes::Behave behave_;
};

bool EndsIn(const RunOptions& options, std::uint64_t digit) { return options.seed % 10 == digit; }

void Clean(const RunOptions&, RunReport&) {}

void Verdict(const RunOptions& options, RunReport& report) {
  if (!EndsIn(options, 7) && !EndsIn(options, 8)) return;
  report.verdict.signature = EndsIn(options, 7) ? "fake-verdict/lost write" : "fake-verdict/ghost";
  report.verdict.message = "expected 1, found " + std::to_string(options.seed);
  report.verdict.event = 50;
}

[[gnu::noinline]] void CheckSmall(std::uint64_t seed) { BEACH_CHECK_NE(seed % 10, 3U); }
[[gnu::noinline]] void CheckLarge(std::uint64_t seed) { BEACH_CHECK_NE(seed % 10, 3U); }

void Abort(const RunOptions& options, RunReport&) {
  if (options.seed < 100)
    CheckSmall(options.seed);
  else
    CheckLarge(options.seed);
}

[[gnu::noinline]] int ReadFrom(const volatile int* pointer) { return *pointer; }

void Segfault(const RunOptions& options, RunReport& report) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a bad pointer is what is wanted.
  if (EndsIn(options, 4))
    report.events += static_cast<unsigned>(
        ReadFrom(reinterpret_cast<const volatile int*>(options.seed * 8 + 4096)));
}

[[gnu::noinline]] std::uint64_t Deeper(std::uint64_t depth) {
  volatile char frame[512];
  frame[depth % sizeof frame] = 1;
  if (depth == ~std::uint64_t{0}) return 0;
  return Deeper(depth + 1) + static_cast<std::uint64_t>(frame[depth % sizeof frame]);
}

void Overflow(const RunOptions& options, RunReport& report) {
  if (EndsIn(options, 4)) report.events += Deeper(0);
}

[[gnu::noinline]] void SpinForever() {
  volatile std::uint64_t turns = 0;
  for (;;) turns = Mix64(turns);
}

void Hang(const RunOptions& options, RunReport&) {
  if (EndsIn(options, 5)) SpinForever();
}

// Dies at its first run only.
void Fickle(const RunOptions& options, RunReport&) {
  if (EndsIn(options, 5) && !options.observe_steps) CheckSmall(3);
}

void Exit(const RunOptions& options, RunReport&) {
  if (EndsIn(options, 6)) ::_exit(9);
}

void Silent(const RunOptions& options, RunReport&) {
  while (EndsIn(options, 5)) ::pause();
}

void Salted(const RunOptions& options, RunReport& report) {
  if (!EndsIn(options, 9)) return;
  report.hash.low ^= options.address_salt;
  report.checkpoints[1].hash.low ^= options.address_salt;
}

// Fails by one operation of many and one fault.
bool HasWhatItTakes(const RunReport& report) {
  const bool fault = !report.decisions.empty();
  return fault && std::any_of(report.workload.begin(), report.workload.end(),
                              [](const auto& operation) { return operation.id == 13; });
}

void Large(const RunOptions& options, RunReport& report) {
  if (!EndsIn(options, 7) || !HasWhatItTakes(report)) return;
  report.verdict.signature = "fake-large/lost write";
  report.verdict.event = 50;
}

void LargeAbort(const RunOptions& options, RunReport& report) {
  if (EndsIn(options, 7) && HasWhatItTakes(report)) CheckSmall(3);
}

void Memory(const RunOptions&, RunReport&) {
  constexpr std::size_t kSize = 8 << 20;
  char* block = static_cast<char*>(std::malloc(kSize));
  BEACH_CHECK(block != nullptr);
  std::memset(block, 1, kSize);
  // The compiler must not see that nobody reads it.
  asm volatile("" : : "r"(block) : "memory");
}

RunReport Run(const Scenario& scenario, const RunOptions& options) {
  RunReport report;
  report.hash = {.high = Mix64(options.seed), .low = options.seed};
  report.checkpoints = {{.event = 40, .hash = {.high = 1, .low = options.seed}},
                        {.event = 80, .hash = report.hash}};
  report.virtual_ns = 2'000'000'000;
  report.events = 100;
  report.operations = 10;
  report.faults["fake.fault"] = options.seed % 2;
  report.sometimes["fake.even"] = 1 - options.seed % 2;
  report.options = options.options;
  report.options.erase("fake.unknown");
  report.options["fake.knob"] = 3;
  const std::uint64_t operations = scenario.name().starts_with("fake-large") ? 40 : 1;
  for (std::uint64_t id = 1; id <= operations; ++id) {
    report.workload.push_back(
        {.id = id, .life = 0, .client = 0, .kind = "put", .arguments = {"k"}});
  }
  if (options.replay != nullptr) report.workload = options.replay->operations;
  report.decisions.push_back(
      {.site = "fake.fault", .host = "a", .thread = "main", .use = 0, .value = 1});
  report.trace.push_back({.event = 1,
                          .virtual_ns = 1'500'000'000,
                          .host = "a",
                          .thread = "main",
                          .kind = "operation",
                          .text = "put k"});
  if (options.replay != nullptr &&
      std::find(options.replay->decisions.begin(), options.replay->decisions.end(),
                report.decisions[0]) == options.replay->decisions.end()) {
    report.decisions.clear();
  }
  if (options.observer != nullptr) {
    for (const auto& [name, value] : report.options) options.observer->OnOption(name, value);
    options.observer->OnWorkload(report.workload);
  }
  if (options.observe_steps) {
    for (const auto& decision : report.decisions) options.observer->OnDecision(decision);
    options.observer->OnCheckpoint(report.checkpoints[0]);
    options.observer->OnEvent(report.trace[0]);
  }
  if (options.replay != nullptr) {
    report.decisions_recorded = options.replay->decisions.size();
    for (const artifacts::Decision& decision : options.replay->decisions) {
      if (!report.decisions.empty() && decision == report.decisions[0]) ++report.decisions_followed;
    }
    if (report.decisions_followed < report.decisions_recorded) report.diverged_at = 40;
  }
  static_cast<const Fake&>(scenario).Behave(options, report);
  return report;
}

artifacts::Artifact MakeArtifact(const Scenario& scenario, const RunOptions& options,
                                 const RunReport& report) {
  artifacts::Artifact artifact;
  artifact.build_id = "fake";
  artifact.scenario = scenario.name();
  artifact.seed = options.seed;
  artifact.policy = "random";
  artifact.options = report.options;
  artifact.operations = report.workload;
  artifact.decisions = report.decisions;
  artifact.verdict = report.verdict;
  artifact.hash = report.hash;
  artifact.checkpoints = report.checkpoints;
  artifact.last_events = report.trace;
  return artifact;
}

}  // namespace

std::vector<std::unique_ptr<Scenario>> MakeScenarios() {
  std::vector<std::unique_ptr<Scenario>> scenarios;
  const auto add = [&](const char* name, Behave behave) {
    scenarios.push_back(std::make_unique<Fake>(name, behave));
  };
  add("fake-clean", Clean);
  add("fake-verdict", Verdict);
  add("fake-abort", Abort);
  add("fake-segfault", Segfault);
  add("fake-overflow", Overflow);
  add("fake-hang", Hang);
  add("fake-fickle", Fickle);
  add("fake-exit", Exit);
  add("fake-silent", Silent);
  add("fake-salted", Salted);
  add("fake-large", Large);
  add("fake-large-abort", LargeAbort);
  add("fake-memory", Memory);
  return scenarios;
}

sweep::Runner MakeRunner() { return {.run = Run, .make_artifact = MakeArtifact}; }

}  // namespace beach::sim::fakes
