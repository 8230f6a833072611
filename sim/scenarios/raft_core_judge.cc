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
using raft::Term;
using raft::testing::Node;

oracle::RaftNode Named(std::uint64_t place) { return oracle::RaftNode(place + 1); }
oracle::RaftNode Named(raft::NodeId node) { return oracle::RaftNode(node.value); }
oracle::RaftTerm Said(Term term) { return oracle::RaftTerm(term.value); }
oracle::RaftIndex Said(LogIndex index) { return oracle::RaftIndex(index.value); }

oracle::RaftConfiguration Said(const raft::Configuration& configuration) {
  oracle::RaftConfiguration told;
  for (const raft::NodeId node : configuration.voters) told.voters.push_back(Named(node));
  for (const raft::NodeId node : configuration.outgoing) told.outgoing.push_back(Named(node));
  return told;
}

oracle::RaftConfiguration VotersOf(const Plan& plan) {
  oracle::RaftConfiguration told;
  for (std::uint64_t place = 0; place < plan.voters; ++place) told.voters.push_back(Named(place));
  return told;
}

oracle::RaftEntry Said(const raft::Entry& entry) {
  const auto kind = static_cast<std::uint64_t>(entry.kind);
  oracle::RaftEntry told{.index = Said(entry.index),
                         .term = Said(entry.term),
                         .digest = Mix64(Site::Hash(entry.payload.view()) ^ kind)};
  if (entry.kind == raft::EntryKind::kConfiguration) {
    const auto configuration = raft::DecodeConfiguration(entry.payload.view());
    BEACH_CHECK(configuration.has_value());
    told.configuration = Said(*configuration);
  }
  return told;
}

std::optional<oracle::RaftNode> VoteOf(const raft::HardState& state) {
  if (state.vote == raft::NodeId{}) return std::nullopt;
  return Named(state.vote);
}

}  // namespace

Judge::Judge(Simulation& simulation, const Plan& plan)
    : simulation_(simulation), oracle_(VotersOf(plan)), seen_(plan.nodes.size()) {}

void Judge::Expect(const oracle::Judgement& judgement) {
  if (judgement) [[unlikely]]
    simulation_.Fail(judgement->rule, judgement->message);
}

// --- Lives.

void Judge::Started(std::uint64_t place, const Node& node) {
  Seen& seen = seen_[place];
  const raft::HardState& state = node.disk_hard_state();
  const LogIndex base = node.disk_base();
  oracle::RaftRecovery found{
      .term = Said(state.term), .vote = VoteOf(state), .applied = Said(node.flushed().index)};
  if (base != LogIndex{}) {
    found.base = oracle::RaftBase{.index = Said(base),
                                  .term = Said(node.disk_base_term()),
                                  .configuration = Said(node.flushed().configuration)};
  }
  seen.terms.assign(base.value, Term{});
  if (base != LogIndex{}) seen.terms.back() = node.disk_base_term();
  for (const raft::Entry& entry : node.disk_entries()) {
    found.entries.push_back(Said(entry));
    seen.terms.push_back(entry.term);
  }
  Expect(oracle_.Started(Named(place), found));
  ++seen.life;
  seen.leads = false;
  seen.base = base;
  seen.commit = node.flushed().index;
  seen.durable = node.disk_last();
  seen.hard_state = state;
  Look(place, node);
}

void Judge::Stopped(std::uint64_t place) {
  oracle_.Stopped(Named(place));
  seen_[place].leads = false;
}

// --- What a node does. A leader's commit comes before what it appends because of it; a follower
// appends first.

void Judge::Look(std::uint64_t place, const Node& node) {
  const raft::Core& core = node.core();
  Seen& seen = seen_[place];
  const bool leads = core.role() == raft::Role::kLeader;
  if (seen.leads && (!leads || core.term() != seen.led)) {
    if (core.term() == seen.led) LookAtCommit(place, core);
    SteppedDown(place);
  }
  if (leads && !seen.leads) BecameLeader(place, core);
  if (leads) LookAtCommit(place, core);
  LookAtLog(place, core);
  LookAtCommit(place, core);
}

void Judge::BecameLeader(std::uint64_t place, const raft::Core& core) {
  Seen& seen = seen_[place];
  seen.leads = true;
  seen.led = core.term();
  Expect(oracle_.VoteSent(Named(place), Said(core.term()), Named(place)));
  Expect(oracle_.BecameLeader(Named(place), Said(core.term())));
  BEACH_SOMETIMES("raft_core.joint_across_leader_change",
                  core.configuration().joint() && joint_led_ != Term{} && joint_led_ < core.term());
}

void Judge::SteppedDown(std::uint64_t place) {
  seen_[place].leads = false;
  oracle_.SteppedDown(Named(place));
}

void Judge::LookAtCommit(std::uint64_t place, const raft::Core& core) {
  Seen& seen = seen_[place];
  if (core.commit() == seen.commit) return;
  if (core.commit() > LogIndex(seen.terms.size())) return;  // once its entries are told
  Expect(oracle_.Committed(Named(place), Said(core.commit())));
  seen.commit = core.commit();
}

// Each log is followed by its terms: where one changes, all behind it has.
void Judge::LookAtLog(std::uint64_t place, const raft::Core& core) {
  Seen& seen = seen_[place];
  const raft::LogEnd end = core.log().end();
  const LogIndex told(seen.terms.size());
  if (end.index == told && (told == seen.base || end.term == seen.terms.back())) return;
  LogIndex same = std::min(end.index, told);
  while (same > seen.base && core.log().TermAt(same) != seen.terms[same.value - 1]) {
    same = same - 1;
  }
  if (same < told) {
    BEACH_SOMETIMES("raft_core.truncated_uncommitted", true);
    Expect(oracle_.Truncated(Named(place), Said(same.Next())));
    seen.terms.resize(same.value);
    seen.durable = std::min(seen.durable, same);
  }
  for (LogIndex index = same.Next(); index <= end.index; index = index.Next()) {
    const raft::Entry& entry = core.log().tail().At(index);
    Expect(oracle_.Appended(Named(place), Said(entry)));
    seen.terms.push_back(entry.term);
  }
  if (seen.leads && core.configuration().joint()) joint_led_ = core.term();
}

// --- Disks.

void Judge::DiskDone(std::uint64_t place, Node& node) {
  Seen& seen = seen_[place];
  if (node.disk_hard_state() != seen.hard_state) {
    seen.hard_state = node.disk_hard_state();
    Expect(oracle_.HardState(Named(place), Said(seen.hard_state.term), VoteOf(seen.hard_state)));
    if (seen.leads && seen.led < seen.hard_state.term) seen.leads = false;
  }
  if (std::exchange(node.installed, false)) {
    BEACH_SOMETIMES("raft_core.snapshot_installed", true);
    BEACH_SOMETIMES("raft_core.suffix_kept",
                    node.suffix_kept && node.disk_last() > node.disk_base());
    const raft::testing::State& state = node.flushed();
    Expect(oracle_.SnapshotInstalled(Named(place),
                                     {.index = Said(state.index),
                                      .term = Said(state.term),
                                      .configuration = Said(state.configuration)},
                                     state.digest));
    const bool has = state.index >= seen.base && state.index.value <= seen.terms.size() &&
                     seen.terms[state.index.value - 1] == state.term;
    if (!has) {
      seen.terms.resize(state.index.value);
      seen.terms.back() = state.term;
    }
    seen.base = state.index;
    seen.commit = std::max(seen.commit, state.index);
    seen.durable = std::max(std::min(seen.durable, LogIndex(seen.terms.size())), state.index);
  }
  TellDurable(place, node);
}

// As far as its disk has what its log has. What the core takes for durable is the most that counts:
// a cut that has not reached the disk will take more away.
void Judge::TellDurable(std::uint64_t place, const Node& node) {
  Seen& seen = seen_[place];
  LogIndex durable =
      std::min({node.core().durable(), node.disk_last(), LogIndex(seen.terms.size())});
  while (durable > node.disk_base() && durable > seen.durable &&
         node.disk_term(durable) != seen.terms[durable.value - 1]) {
    durable = durable - 1;
  }
  if (durable <= seen.durable) return;
  seen.durable = durable;
  Expect(oracle_.Durable(Named(place), Said(durable)));
}

void Judge::Speaks(std::uint64_t place, const Node& node, const raft::Message& message) {
  if (message.term > node.disk_hard_state().term) {
    simulation_.Fail("term-not-durable", "node " + std::to_string(place + 1) + " speaks of term " +
                                             std::to_string(message.term.value) +
                                             ", and durably it is in term " +
                                             std::to_string(node.disk_hard_state().term.value));
  }
  if (const auto* const reply = std::get_if<raft::AppendReply>(&message.body)) {
    if (!reply->accepted) return;
    Expect(oracle_.AcknowledgementSent(Named(place), Said(message.term), Said(reply->matched)));
  } else if (const auto* const vote = std::get_if<raft::VoteReply>(&message.body)) {
    if (!vote->granted) return;
    Expect(oracle_.VoteSent(Named(place), Said(message.term), Named(message.to)));
  } else if (const auto* const held = std::get_if<raft::InstallSnapshotReply>(&message.body)) {
    // To who sent the snapshot, which need not lead any more.
    const bool holds =
        held->kind != raft::SnapshotReplyKind::kHeld || held->index <= seen_[place].durable;
    if (holds) return;
    simulation_.Fail("snapshot-not-durable",
                     "node " + std::to_string(place + 1) + " says that it holds all up to index " +
                         std::to_string(held->index.value) + ", and durably that is not so");
  } else if (const auto* const pre_vote = std::get_if<raft::PreVoteReply>(&message.body)) {
    BEACH_SOMETIMES("raft_core.pre_vote_refused", !pre_vote->granted);
  }
}

void Judge::Compacted(std::uint64_t place, LogIndex index) {
  Seen& seen = seen_[place];
  if (index <= seen.base) return;
  Expect(oracle_.Compacted(Named(place), Said(index)));
  seen.base = index;
}

void Judge::Told(std::uint64_t place, const raft::Event& event) {
  if (event.kind != raft::EventKind::kRole) return;
  Seen& seen = seen_[place];
  BEACH_SOMETIMES("raft_core.check_quorum_stepped_down",
                  event.reason == raft::Reason::kQuorumSilent);
  BEACH_SOMETIMES("raft_core.removed_leader_stepped_down", event.reason == raft::Reason::kRemoved);
  BEACH_SOMETIMES("raft_core.transfer_done", event.role == raft::Role::kLeader && seen.was_asked);
  seen.was_asked = event.reason == raft::Reason::kAskedToCampaign;
}

// --- The state machine.

void Judge::Applied(std::uint64_t place, const Node& node, const raft::Entry& entry) {
  Expect(oracle_.Applied(Named(place), Said(entry.index), Said(entry.term), node.state().digest));
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
