// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_told.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/run.h"
#include "sim/scenarios/cluster.h"
#include "sim/scenarios/links.h"
#include "sim/scenarios/raft_core.h"
#include "sim/scenarios/testing/whole_runs.h"
#include "sim/spectator.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kSeeds = testing::kSanitized ? 2 : 10;

struct Watching final : Spectator {
  std::vector<Sight> sights;
  void See(const Sight& sight) override {
    if (sight.kind == SightKind::kShown) sights.push_back(sight);
  }
};

std::uint64_t NumberOf(const Sight& sight, const std::string& name) {
  const auto field = std::ranges::find(sight.fields, name, &SightField::name);
  EXPECT_NE(field, sight.fields.end()) << sight.name << " " << name;
  return field == sight.fields.end() ? 0 : field->number;
}

std::string TextOf(const Sight& sight, const std::string& name) {
  const auto field = std::ranges::find(sight.fields, name, &SightField::name);
  EXPECT_NE(field, sight.fields.end()) << sight.name << " " << name;
  return field == sight.fields.end() ? "" : field->text;
}

std::vector<Sight> WatchedRun(const Scenario& scenario, std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  const RunReport alone = RunScenario(scenario, options);
  Watching spectator;
  options.spectator = &spectator;
  const RunReport watched = RunScenario(scenario, options);
  EXPECT_TRUE(watched.verdict.ok()) << watched.verdict.message;
  EXPECT_EQ(watched.hash, alone.hash) << seed;
  EXPECT_EQ(watched.events, alone.events) << seed;
  EXPECT_EQ(watched.decisions, alone.decisions) << seed;
  EXPECT_EQ(watched.sometimes, alone.sometimes) << seed;
  return spectator.sights;
}

// Reads what is shown as a page does, and holds it against what must be so in any run that fails
// nothing.
class Story {
 public:
  void Take(const Sight& sight) {
    ++counts[sight.name];
    if (sight.name == "cluster.role") TakeRole(sight);
    if (sight.name == "cluster.log") CheckLog(sight);
    if (sight.name == "cluster.sent") TakeSent(sight);
    if (sight.name == "cluster.heard") {
      EXPECT_GT(under_way_[WayOf(sight)], 0U) << WayOf(sight);
    }
    if (sight.name == "cluster.asked") {
      EXPECT_TRUE(open_.insert(CallOf(sight)).second);
    }
    // Of a client that gives up and asks on, the end is not told.
    if (sight.name == "cluster.answered") {
      EXPECT_EQ(open_.erase(CallOf(sight)), 1U);
    }
    if (sight.name == "net.cut") {
      EXPECT_TRUE(cut_.insert(Ends(sight)).second);
    }
    if (sight.name == "net.whole") {
      EXPECT_EQ(cut_.erase(Ends(sight)), 1U);
    }
  }

  void ExpectWhole() const { EXPECT_TRUE(cut_.empty()); }

  std::map<std::string, std::uint64_t> counts;

 private:
  using Pair = std::pair<std::string, std::string>;

  static Pair Ends(const Sight& sight) { return {TextOf(sight, "from"), TextOf(sight, "to")}; }
  static std::pair<std::uint64_t, std::uint64_t> CallOf(const Sight& sight) {
    return {NumberOf(sight, "client"), NumberOf(sight, "call")};
  }
  static std::string WayOf(const Sight& sight) {
    std::string text = TextOf(sight, "kind");
    for (const char* const name : {"from", "to", "term", "index", "count", "round"}) {
      text += " " + std::to_string(NumberOf(sight, name));
    }
    return text;
  }

  void TakeRole(const Sight& sight) {
    const std::uint64_t node = NumberOf(sight, "node");
    const std::uint64_t term = NumberOf(sight, "term");
    const std::string role = TextOf(sight, "role");
    roles_.insert({role, node, term});
    if (role != "leader") return;
    const auto [leader, is_new] = leaders_.emplace(term, node);
    EXPECT_EQ(leader->second, node);
  }

  // Who asks for votes was shown as one that does; what it says waits for its disk.
  void TakeSent(const Sight& sight) {
    ++under_way_[WayOf(sight)];
    const std::string kind = TextOf(sight, "kind");
    if (kind != "pre-vote" && kind != "vote request") return;
    const char* const role = kind == "pre-vote" ? "pre-candidate" : "candidate";
    EXPECT_TRUE(roles_.contains({role, NumberOf(sight, "from"), NumberOf(sight, "term")})) << kind;
  }

  static void CheckLog(const Sight& sight) {
    EXPECT_LE(NumberOf(sight, "base"), NumberOf(sight, "last"));
    EXPECT_LE(NumberOf(sight, "durable"), NumberOf(sight, "last"));
    EXPECT_LE(NumberOf(sight, "applied"), NumberOf(sight, "commit"));
  }

  std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>> roles_;  // with node and term
  std::map<std::uint64_t, std::uint64_t> leaders_;                         // by term
  std::map<std::string, std::uint64_t> under_way_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> open_;
  std::set<Pair> cut_;
};

Story StoryOf(const Scenario& scenario, std::uint64_t seeds) {
  Story all;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Story story;
    for (const Sight& sight : WatchedRun(scenario, seed)) story.Take(sight);
    story.ExpectWhole();
    for (const auto& [name, count] : story.counts) all.counts[name] += count;
  }
  return all;
}

TEST(ClusterTold, OfWholeNodesIsOneStoryAndNoPartOfTheRun) {
  Story story = StoryOf(Cluster(), 10);  // fewer have no pause
  for (const char* const name :
       {"cluster.up", "cluster.down", "cluster.role", "cluster.log", "cluster.sent",
        "cluster.heard", "cluster.asked", "cluster.answered", "host.paused"}) {
    EXPECT_GT(story.counts[name], 0U) << name;
  }
  EXPECT_GE(story.counts["cluster.sent"], story.counts["cluster.heard"]);
}

TEST(ClusterTold, OfCoresIsOneStoryAndNoPartOfTheRun) {
  Story story = StoryOf(RaftCore(), 10 * kSeeds);
  for (const char* const name :
       {"cluster.up", "cluster.down", "cluster.role", "cluster.log", "cluster.sent",
        "cluster.heard", "cluster.asked", "cluster.answered", "cluster.truncated",
        "cluster.installed", "cluster.paused", "net.cut", "net.whole"}) {
    EXPECT_GT(story.counts[name], 0U) << name;
  }
}

TEST(ClusterTold, OfLinksAreTheWaysAndNoPartOfTheRun) {
  Story story = StoryOf(Links(), 3 * kSeeds);
  EXPECT_GT(story.counts["net.cut"], 0U);
  EXPECT_EQ(story.counts["net.cut"], story.counts["net.whole"]);
}

}  // namespace
}  // namespace beach::sim::scenarios
