// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/oracle_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sim/run.h"
#include "sim/scenarios/registry.h"

// The groups over the scenarios as they are.

namespace beach::sim::scenarios {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 4;  // each takes many times as long
#else
constexpr std::uint64_t kSeeds = 12;
#endif

RunOptions Without(const Group& group, std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  for (const std::string& member : group.members) {
    options.options[std::string(kWithoutPrefix) + member] = 1;
  }
  return options;
}

std::uint64_t Strikes(const RunReport& report, const Group& group) {
  std::uint64_t count = 0;
  for (const std::string& member : group.members) {
    const auto found = report.faults.find(member);
    if (found != report.faults.end()) count += found->second;
  }
  return count;
}

// Those that are not counted by their sites: they choose how something happens, not whether.
bool IsCounted(const Group& group) {
  return group.name != "power-cuts" && std::ranges::all_of(group.members, [](const auto& member) {
           return !member.starts_with("host.") && !member.starts_with("schedule.") &&
                  member != "crash.strike_at" && member != "disk.cut.mode" &&
                  member != kBuggifyMember.name;
         });
}

TEST(OracleGroups, EachNameAndRuleStandsOnce) {
  std::set<std::string> names;
  std::set<std::string> members;
  std::vector<Group> groups = OwnGroups();
  std::ranges::copy(OracleGroups(), std::back_inserter(groups));
  for (const Group& group : groups) {
    EXPECT_TRUE(names.insert(group.name).second) << group.name;
    for (const std::string& member : group.members) {
      EXPECT_TRUE(members.insert(member).second) << member;
    }
  }
}

TEST(OracleGroups, AGroupThatDidNotStrikeMovesNothing) {
  std::uint64_t compared = 0;
  std::uint64_t struck = 0;
  for (const auto& scenario : MakeScenarios()) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      RunOptions plain;
      plain.seed = seed;
      const RunReport all = RunScenario(*scenario, plain);
      for (const Group& group : OwnGroups()) {
        if (group.kind != GroupKind::kFault || !IsCounted(group)) continue;
        const RunReport report = RunScenario(*scenario, Without(group, seed));
        EXPECT_TRUE(report.verdict.ok()) << group.name << ": " << report.verdict.message;
        EXPECT_EQ(Strikes(report, group), 0U) << group.name;
        if (Strikes(all, group) != 0) {
          ++struck;
          continue;
        }
        ++compared;
        EXPECT_EQ(report.hash.ToString(), all.hash.ToString())
            << scenario->name() << " " << seed << " without " << group.name;
      }
    }
  }
  EXPECT_GT(compared, kSeeds);
  EXPECT_GT(struck, kSeeds);
}

}  // namespace
}  // namespace beach::sim::scenarios
