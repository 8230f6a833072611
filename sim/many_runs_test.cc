// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "env/threads.h"
#include "sim/kernel/test_scenario.h"

// Many simulations in one OS process: none leaves anything behind that the next one could notice,
// however it ended, in whatever order they come.

namespace beach::sim {
namespace {

// Threads that share a file and memory; by its seed a run ends well, in mid-life by a kill or a
// power cut, in a deadlock, or by a verdict out of a process whose threads go on.
RunReport RunSeed(std::uint64_t seed, std::uint64_t salt = 0) {
  RunOptions options;
  options.seed = seed;
  options.address_salt = salt;
  return RunBody(
      [seed](Simulation& simulation) {
        const HostId host = simulation.AddHost("a");
        simulation.SetFault("disk.eio.write", 20'000);
        if (seed % 5 == 1) simulation.ArmStrike(host, Strike::kKill, 40);
        if (seed % 5 == 2) simulation.ArmStrike(host, Strike::kPowerLoss, 40);
        const ProcessId process = simulation.Start(host, "p", [&, seed](const env::Env& env) {
          std::map<std::string, std::string> shared;
          env::Mutex mutex;
          const auto file = *env.files->Open("f", {.mode = env::OpenMode::kCreate});
          std::vector<env::Thread> threads;
          for (const char* const name : {"x", "y", "z"}) {
            threads.emplace_back(name, [&, name] {
              for (int i = 0; i < 12; ++i) {
                const env::MutexLock lock(mutex);
                shared[name] += std::string(100, *name);
                static_cast<void>(file->Append(shared[name]));
                if (i % 4 == 3) static_cast<void>(file->SyncData());
              }
              if (seed % 5 == 3) mutex.Lock();  // and never unlocks
              if (seed % 5 == 4 && *name == 'y') simulation.Fail("planned", "in mid-life");
            });
          }
          for (env::Thread& thread : threads) thread.Join();
        });
        simulation.Wait(process);
      },
      options);
}

TEST(ManyRuns, NoneDependsOnThoseBeforeIt) {
  constexpr std::uint64_t kSeeds = 40;
  std::vector<std::uint64_t> order;
  std::vector<RunReport> first;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    first.push_back(RunSeed(seed));
    order.push_back(seed);
  }
  RandomStream random(1);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
    for (const std::uint64_t seed : order) {
      // Now and then one whose memory is stirred lies between.
      const std::uint64_t salt = random.Chance(1, 4) ? seed + 1 : 0;
      const RunReport again = RunSeed(seed, salt);
      EXPECT_EQ(again.hash, first[seed].hash) << "seed " << seed;
      EXPECT_EQ(again.verdict.signature, first[seed].verdict.signature) << "seed " << seed;
      EXPECT_EQ(again.virtual_ns, first[seed].virtual_ns) << "seed " << seed;
    }
  }
  std::map<std::string, int> ends;
  for (const RunReport& report : first) ++ends[report.verdict.signature];
  EXPECT_GE(ends["ok"], 8);
  EXPECT_GE(ends["test/planned"], 4);
  EXPECT_GE(ends["test/deadlock"], 4);
}

}  // namespace
}  // namespace beach::sim
