// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/site.h"
#include "sim/run.h"

// What a run can be made without, to learn what it is good for: groups of faults and of oracles.
//
// A run is without a member when its option "without.MEMBER" is above zero. That of a fault is a
// site, and the fault is drawn as always and then does not strike; so a run in which none of a
// group would have struck is the same run, with the same hash. That of an oracle is a rule, and the
// run ends well where it would have been reported: what another oracle would have said later in
// that run stays unknown. The options stand in the artifact like all others, so it replays.

namespace beach::sim {

enum class GroupKind : std::uint8_t { kFault, kOracle };
const char* GroupKindName(GroupKind kind);

struct Group {
  GroupKind kind{};
  std::string name;
  std::string what;                  // a sentence without its full stop
  std::vector<std::string> members;  // sites, or rules
};

// The faults of the simulation, and what it demands of any code by itself: rules of the kernel and
// of lives.h, and the ways in which a run may kill its worker.
std::vector<Group> OwnGroups();

inline constexpr std::string_view kWithoutPrefix = "without.";

// A member that is no site of its own: all rare branches (BEACH_BUGGIFY) together.
inline constexpr Site kBuggifyMember = "buggify";

// "data-race" of "data-race a.cc:1 + b.cc:2", "abort" of "abort: f < g": the member that a rule or
// a death belongs to.
std::string_view MemberOf(std::string_view rule);

// Whether a run with these options is without it; for who looks at it from outside.
bool IsWithout(const RunOptions& options, std::string_view member);

}  // namespace beach::sim
