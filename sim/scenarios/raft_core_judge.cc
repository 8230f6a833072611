// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/raft_core_judge.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/random.h"
#include "base/site.h"
#include "env/marks.h"
#include "raft/testing/history.h"

namespace beach::sim::scenarios::raft_core {
namespace {

using raft::LogIndex;
using raft::testing::Node;

oracle::RaftConfiguration VotersOf(const Plan& plan) {
  oracle::RaftConfiguration told;
  for (std::uint64_t place = 0; place < plan.voters; ++place)
    told.voters.push_back(oracle::RaftNode(place + 1));
  return told;
}

}  // namespace

Judge::Judge(Simulation& simulation, const Plan& plan)
    : simulation_(simulation),
      watch_(simulation, VotersOf(plan), plan.nodes.size()),
      lives_(plan.nodes.size()) {}

// --- Lives.

void Judge::Started(std::uint64_t place, const Node& node) {
  const raft::HardState& state = node.disk_hard_state();
  oracle::RaftRecovery found{.term = Said(state.term),
                             .applied = Said(node.core().applied()),
                             .is_state_lost = node.state_lost(),
                             .is_damaged = std::exchange(lives_[place].was_damaged, false)};
  if (state.vote != raft::NodeId{}) found.vote = oracle::RaftNode(state.vote.value);
  if (node.disk_base() != LogIndex{}) {
    found.base = oracle::RaftBase{.index = Said(node.disk_base()),
                                  .term = Said(node.disk_base_term()),
                                  .configuration = Said(node.flushed().configuration)};
  }
  for (const raft::Entry& entry : node.disk_entries()) found.entries.push_back(Said(entry));
  lives_[place].without_state = node.state_lost();
  watch_.Started(place, node.core(), found);
}

void Judge::Stopped(std::uint64_t place) {
  ++lives_[place].number;
  watch_.Stopped(place);
}

void Judge::Look(std::uint64_t place, const Node& node) { watch_.Look(place, node.core()); }

// --- Disks.

void Judge::DiskDone(std::uint64_t place, Node& node) {
  watch_.HardState(place, node.disk_hard_state());
  if (std::exchange(node.installed, false)) {
    BEACH_SOMETIMES("raft_core.snapshot_installed", true);
    BEACH_SOMETIMES("raft_core.suffix_kept",
                    node.suffix_kept && node.disk_last() > node.disk_base());
    BEACH_SOMETIMES("raft_core.state_fetched_anew",
                    std::exchange(lives_[place].without_state, false));
    const raft::testing::State& state = node.flushed();
    const oracle::RaftBase base{.index = Said(state.index),
                                .term = Said(state.term),
                                .configuration = Said(state.configuration)};
    watch_.LogReplaced(place, base, node.disk_base(), node.disk_last());
    watch_.SnapshotInstalled(place, base, state.digest);
  }
  TellDurable(place, node);
}

// As far as its disk has what its log has, and nothing of it is lost. What the core takes for
// durable is the most that counts: a cut that has not reached the disk will take more away.
void Judge::TellDurable(std::uint64_t place, const Node& node) {
  const std::vector<raft::Term>& terms = watch_.terms(place);
  LogIndex durable = std::min({node.core().durable(), node.disk_last(), LogIndex(terms.size())});
  while (durable > node.disk_base() && durable > watch_.durable(place) &&
         node.disk_term(durable) != terms[durable.value - 1]) {
    durable = durable - 1;
  }
  for (LogIndex index = std::max(watch_.durable(place), node.disk_base()).Next(); index <= durable;
       index = index.Next()) {
    if (node.IsLost(index)) durable = index - 1;
  }
  watch_.Durable(place, durable);
}

void Judge::Speaks(std::uint64_t place, const raft::Message& message) {
  watch_.Speaks(place, message);
  if (const auto* const pre_vote = std::get_if<raft::PreVoteReply>(&message.body)) {
    BEACH_SOMETIMES("raft_core.pre_vote_refused", !pre_vote->granted);
  }
}

void Judge::Compacted(std::uint64_t place, LogIndex index) { watch_.Compacted(place, index); }

void Judge::Told(std::uint64_t place, const raft::Event& event) {
  BEACH_SOMETIMES("raft_core.log_handed_on", event.kind == raft::EventKind::kHandedOn);
  if (event.kind != raft::EventKind::kRole) return;
  Life& life = lives_[place];
  BEACH_SOMETIMES("raft_core.check_quorum_stepped_down",
                  event.reason == raft::Reason::kQuorumSilent);
  BEACH_SOMETIMES("raft_core.removed_leader_stepped_down", event.reason == raft::Reason::kRemoved);
  BEACH_SOMETIMES("raft_core.transfer_done", event.role == raft::Role::kLeader && life.was_asked);
  life.was_asked = event.reason == raft::Reason::kAskedToCampaign;
}

// --- The state machine.

void Judge::Applied(std::uint64_t place, const Node& node, const raft::Entry& entry) {
  watch_.Applied(place, entry, node.state().digest);
  if (entry.kind != raft::EntryKind::kNormal) return;
  const std::uint64_t name = raft::testing::RequestOf(entry).value;
  const std::uint64_t index = entry.index.value;
  BEACH_CHECK(name > 0 && name <= requests_.size());
  if (requests_at_.size() <= index) requests_at_.resize(index + 1);
  requests_at_[index] = name;
  Request& request = requests_[name - 1];
  const std::string what = "proposal " + std::to_string(name);
  if (request.applied_at == index) return;
  if (request.applied_at != 0) {
    simulation_.Fail("applied-twice", what + " is applied at index " + std::to_string(index) +
                                          ", and was at " + std::to_string(request.applied_at));
  }
  request.applied_at = index;
  if (request.fate == Known::kNever) {
    simulation_.Fail("applied-though-lost", what + " is applied at index " + std::to_string(index) +
                                                ", and its client was told that it never will be");
  }
  if (request.told_at != 0 && request.told_at != index) {
    simulation_.Fail("fate-wrong", what + " is applied at index " + std::to_string(index) +
                                       ", and its client was told of " +
                                       std::to_string(request.told_at));
  }
}

}  // namespace beach::sim::scenarios::raft_core
