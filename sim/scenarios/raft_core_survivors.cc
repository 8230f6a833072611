// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "env/marks.h"
#include "raft/term_runs.h"
#include "sim/scenarios/raft_core_cluster.h"

// The end of some runs: power goes everywhere, disks of few are damaged, and only a majority of the
// voters comes back. It must serve if all that was committed can be put together from what it has.

namespace beach::sim::scenarios::raft_core {

namespace {

raft::LogEnd EndOf(const raft::testing::Node& node) {
  const raft::LogIndex last = node.disk_last();
  const bool empty = last == node.disk_base();
  return {.index = last, .term = empty ? node.disk_base_term() : node.disk_term(last)};
}

bool IsNewer(raft::LogEnd one, raft::LogEnd other) {
  return one.term != other.term ? one.term > other.term : one.index > other.index;
}

// Up to where the two logs agree; nothing: it is not known any more.
std::optional<raft::LogIndex> AgreeUpTo(const raft::testing::Node& one,
                                        const raft::testing::Node& other) {
  const auto term_of = [](const raft::testing::Node& node, raft::LogIndex index) {
    return index == node.disk_base() ? node.disk_base_term() : node.disk_term(index);
  };
  const raft::LogIndex low = std::max(one.disk_base(), other.disk_base());
  raft::LogIndex index = std::min(one.disk_last(), other.disk_last());
  for (; index >= low; index = index - 1) {
    if (term_of(one, index) == term_of(other, index)) return index;
    if (index == raft::LogIndex{}) break;
  }
  return std::nullopt;
}

}  // namespace

bool Cluster::SomebodyGives(raft::LogIndex index, raft::Term term) const {
  return std::ranges::any_of(machines_, [&](const Machine& machine) {
    return !machine.is_gone && machine.node.CanGive(index, term);
  });
}

// Whether a node can have all of its own log from those that are left, and what is behind it.
bool Cluster::CanBeMadeWhole(const raft::testing::Node& node) const {
  if (node.state_lost()) return false;
  for (const raft::Entry& entry : node.disk_entries()) {
    if (!SomebodyGives(entry.index, entry.term)) return false;
  }
  for (const Machine& machine : machines_) {
    const raft::testing::Node& other = machine.node;
    if (machine.is_gone || !IsNewer(EndOf(other), EndOf(node))) continue;
    const auto agree = AgreeUpTo(node, other);
    if (!agree) return false;
    for (const raft::Entry& entry : other.disk_entries()) {
      if (entry.index > *agree && !SomebodyGives(entry.index, entry.term)) return false;
    }
  }
  return true;
}

// Where a majority could not go on, nobody stays away.
void Cluster::LeaveAMajority() {
  RandomStream stream = simulation_.Stream("raft.survivors");
  for (std::uint64_t place = 0; place < machines_.size(); ++place) {
    const std::uint64_t pieces = stream.Below(4);
    const std::uint64_t entries = stream.Below(4);
    if (machines_[place].node.up()) Crash(place, pieces, entries);
  }
  const std::uint64_t damaged = stream.Below(plan_.voters);
  const std::uint64_t behind = stream.Below(4);
  DamageDisk(damaged, behind, stream.Below(3));
  for (std::uint64_t left = (plan_.voters - 1) / 2; left > 0;) {
    Machine& machine = machines_[stream.Below(plan_.voters)];
    left -= machine.is_gone ? 0 : 1;
    machine.is_gone = true;
  }
  const bool may_go_on = std::ranges::any_of(machines_, [this](const Machine& machine) {
    return !machine.is_gone && CanBeMadeWhole(machine.node);
  });
  bool is_damaged = false;
  for (Machine& machine : machines_) {
    machine.is_gone = machine.is_gone && may_go_on;
    is_damaged = is_damaged || (!machine.is_gone && machine.node.IsDamaged());
  }
  BEACH_SOMETIMES("raft_core.damaged_majority_left", may_go_on && is_damaged && plan_.voters > 2);
}

}  // namespace beach::sim::scenarios::raft_core
