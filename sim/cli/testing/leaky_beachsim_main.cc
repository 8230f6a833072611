// SPDX-License-Identifier: Apache-2.0
#include <ctime>
#include <map>
#include <memory>
#include <string>

#include "env/files.h"
#include "sim/cli/program.h"
#include "sim/run.h"
#include "sim/simulation.h"

// beachsim over one scenario whose process looks at what no simulated program may look at, as the
// option "leak" says: for the tests of finding where two runs part.

namespace beach::sim {
namespace {

enum Leak : std::uint64_t { kNone, kAddress, kOrder, kClock, kUnwritten, kEnvironment, kLeaks };

// Each leak has a function of its own, to be seen in the stack, and ends in a seam call.
void Tell(env::FileSystem& files, std::uint64_t number) {
  static_cast<void>(files.Exists(std::string(number % 61, 'n')));
}

[[gnu::noinline]] void LeakAddress(env::FileSystem& files) {
  const auto block = std::make_unique<int>(1);
  Tell(files, reinterpret_cast<std::uintptr_t>(block.get()) / 16);
}

// Sorted by address, as a set of pointers is.
[[gnu::noinline]] void LeakOrder(env::FileSystem& files) {
  std::map<std::unique_ptr<int>, std::uint64_t> blocks;
  for (std::uint64_t i = 0; i < 16; ++i) blocks.emplace(std::make_unique<int>(), i);
  for (const auto& [block, number] : blocks) Tell(files, number);
}

[[gnu::noinline]] void LeakClock(env::FileSystem& files) {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  Tell(files, static_cast<std::uint64_t>(now.tv_nsec));
}

[[gnu::noinline]] void LeakUnwritten(env::FileSystem& files) {
  const std::unique_ptr<unsigned char[]> bytes(new unsigned char[100]);
  const volatile unsigned char* const unwritten = bytes.get();
  Tell(files, unwritten[50]);
}

[[gnu::noinline]] void LeakEnvironment(env::FileSystem& files) {
  std::uint64_t letters = 0;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    for (const char* at = *entry; *at != '\0'; ++at) ++letters;
  }
  Tell(files, letters);
}

class Leaky final : public Scenario {
 public:
  std::string name() const override { return "leaky"; }
  std::string boots() const override { return "a process that may look outside"; }
  std::string checks() const override { return "nothing"; }

  void Run(Simulation& simulation) const override {
    const std::uint64_t leak = simulation.Option("leak", kNone) % kLeaks;
    const std::uint64_t before = simulation.Option("before", 400);
    const HostId host = simulation.AddHost("a");
    simulation.Wait(simulation.Start(host, "p", [leak, before](const env::Env& env) {
      for (std::uint64_t i = 0; i < before; ++i) Tell(*env.files, i);
      switch (leak) {
        case kAddress: LeakAddress(*env.files); break;
        case kOrder: LeakOrder(*env.files); break;
        case kClock: LeakClock(*env.files); break;
        case kUnwritten: LeakUnwritten(*env.files); break;
        case kEnvironment: LeakEnvironment(*env.files); break;
        default: break;
      }
      for (std::uint64_t i = 0; i < before; ++i) Tell(*env.files, i);
    }));
  }
};

}  // namespace
}  // namespace beach::sim

int main(int argc, char** argv) {
  beach::sim::cli::Program program;
  program.name = "leaky_beachsim";
  program.scenarios.push_back(std::make_unique<beach::sim::Leaky>());
  program.runner = {.run = beach::sim::RunScenario, .make_artifact = beach::sim::MakeArtifact};
  return beach::sim::cli::Main(argc, argv, program);
}
