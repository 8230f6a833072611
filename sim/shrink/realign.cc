// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/realign.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "sim/shrink/candidate.h"

namespace beach::sim::shrink {
namespace {

using artifacts::Decision;

// A process or two, and how it ends.
constexpr std::size_t kGroupsGoneMax = 3;
constexpr std::size_t kWaysMax = 160;

// Sites of one family count the same thing: "disk.cut.mode" and "disk.cut.detail" power cuts.
std::string Family(const Decision& decision) {
  return decision.host + "/" + decision.site.substr(0, decision.site.rfind('.'));
}

// Where another process is at work, or the next strike is armed. A recording is in order of time.
std::vector<std::size_t> Groups(const std::vector<Decision>& decisions) {
  std::vector<std::size_t> groups;
  std::uint64_t life = 0;
  std::set<std::pair<std::string, std::uint64_t>> machine;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const Decision& decision = decisions[i];
    const bool is_machine = OfMachine(decision);
    const bool begins =
        is_machine ? machine.emplace(Family(decision), decision.use).second : decision.life != life;
    if (begins) groups.push_back(i);
    if (!is_machine) life = decision.life;
  }
  groups.push_back(decisions.size());
  return groups;
}

// Without [begin, end), and with what follows counted as if those and `lives` processes had never
// been.
std::vector<Decision> Without(const std::vector<Decision>& decisions, std::size_t begin,
                              std::size_t end, std::uint64_t lives) {
  std::map<std::string, std::set<std::uint64_t>> gone;
  for (std::size_t i = begin; i < end; ++i) {
    if (OfMachine(decisions[i])) gone[Family(decisions[i])].insert(decisions[i].use);
  }
  std::vector<Decision> rest(decisions.begin(),
                             decisions.begin() + static_cast<std::ptrdiff_t>(begin));
  for (std::size_t i = end; i < decisions.size(); ++i) {
    Decision decision = decisions[i];
    if (OfMachine(decision)) {
      const std::uint64_t fewer = gone[Family(decision)].size();
      if (decision.use < fewer) continue;
      decision.use -= fewer;
    } else if (decision.life > lives) {
      decision.life -= lives;
    } else if (decision.life != 0) {
      continue;
    }
    rest.push_back(std::move(decision));
  }
  return rest;
}

}  // namespace

std::vector<std::vector<Decision>> Realigned(const std::vector<Decision>& decisions,
                                             std::uint64_t lives_max) {
  std::vector<std::vector<Decision>> ways = {decisions};
  const std::vector<std::size_t> groups = Groups(decisions);
  for (std::size_t size = 0; size <= kGroupsGoneMax; ++size) {
    for (std::uint64_t lives = 0; lives <= lives_max; ++lives) {
      if (size == 0 && lives == 0) continue;
      for (std::size_t i = 0; i + size < groups.size(); ++i) {
        if (ways.size() == kWaysMax) return ways;
        ways.push_back(Without(decisions, groups[i], groups[i + size], lives));
      }
    }
  }
  return ways;
}

}  // namespace beach::sim::shrink
