// SPDX-License-Identifier: Apache-2.0
#include "sim/weather.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "sim/kernel/test_scenario.h"
#include "sim/network/links.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

struct Sky {
  std::uint64_t looks = 0;
  std::uint64_t cut = 0;      // looks at which some way was cut
  std::uint64_t one_way = 0;  // or only one direction of one
  bool clear_after = true;
};

Sky Watch(std::uint64_t seed, std::uint64_t per_million) {
  Sky sky;
  RunOptions options;
  options.seed = seed;
  const RunReport report = RunBody(
      [&](Simulation& simulation) {
        std::vector<HostId> hosts;
        for (const char* const name : {"a", "b", "c"}) hosts.push_back(simulation.AddHost(name));
        simulation.SetFault("net.partition", per_million);
        const Links& links = simulation.links();
        Weather weather(simulation, hosts, 50 * kMillisecond);
        const auto look = [&] {
          bool any = false;
          for (const HostId from : hosts) {
            for (const HostId to : hosts) {
              if (from == to || !links.IsCut(from, to)) continue;
              any = true;
              if (!links.IsCut(to, from)) ++sky.one_way;
            }
          }
          return any;
        };
        for (int i = 0; i < 200; ++i) {
          simulation.SleepFor(20 * kMillisecond);
          ++sky.looks;
          if (look()) ++sky.cut;
        }
        weather.Stop();
        sky.clear_after = !look();
      },
      options);
  EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
  return sky;
}

TEST(Weather, CutsWaysAndLeavesThemWhole) {
  std::uint64_t cut = 0;
  std::uint64_t looks = 0;
  std::uint64_t one_way = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Sky sky = Watch(seed, 100'000);
    EXPECT_TRUE(sky.clear_after) << "seed " << seed;
    cut += sky.cut;
    looks += sky.looks;
    one_way += sky.one_way;
  }
  EXPECT_GT(cut, looks / 20);
  EXPECT_LT(cut, looks);
  EXPECT_GT(one_way, 0U);
}

TEST(Weather, IsFineWithoutARate) { EXPECT_EQ(Watch(1, 0).cut, 0U); }

}  // namespace
}  // namespace beach::sim
