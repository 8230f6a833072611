// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/raft_watch.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "env/marks.h"
#include "oracle/index_table.h"

namespace beach::sim::scenarios {
namespace {

using raft::LogIndex;
using raft::Term;

oracle::RaftNode Named(std::uint64_t place) { return oracle::RaftNode(place + 1); }
oracle::RaftNode Named(raft::NodeId node) { return oracle::RaftNode(node.value); }

std::optional<oracle::RaftNode> VoteOf(const raft::HardState& state) {
  if (state.vote == raft::NodeId{}) return std::nullopt;
  return Named(state.vote);
}

}  // namespace

oracle::RaftTerm Said(Term term) { return oracle::RaftTerm(term.value); }
oracle::RaftIndex Said(LogIndex index) { return oracle::RaftIndex(index.value); }

oracle::RaftConfiguration Said(const raft::Configuration& configuration) {
  oracle::RaftConfiguration told;
  for (const raft::NodeId node : configuration.voters) told.voters.push_back(Named(node));
  for (const raft::NodeId node : configuration.outgoing) told.outgoing.push_back(Named(node));
  return told;
}

oracle::RaftEntry Said(const raft::Entry& entry) {
  const auto kind = static_cast<std::uint64_t>(entry.kind);
  oracle::RaftEntry told{.index = Said(entry.index),
                         .term = Said(entry.term),
                         .digest = oracle::HashOfBytes(kind, entry.payload.view())};
  if (entry.kind == raft::EntryKind::kLost) told.is_lost = true;
  if (entry.kind == raft::EntryKind::kConfiguration) {
    const auto configuration = raft::DecodeConfiguration(entry.payload.view());
    BEACH_CHECK(configuration.has_value());
    told.configuration = Said(*configuration);
  }
  return told;
}

RaftWatch::RaftWatch(Simulation& simulation, oracle::RaftConfiguration initial, std::uint64_t nodes)
    : simulation_(simulation),
      oracle_(std::move(initial)),
      seen_(nodes),
      told_(simulation, nodes) {}

void RaftWatch::Expect(const oracle::Judgement& judgement) {
  if (judgement) [[unlikely]]
    simulation_.Fail(judgement->rule, judgement->message);
}

void RaftWatch::Started(std::uint64_t place, const raft::Core& core,
                        const oracle::RaftRecovery& found) {
  told_.Up(place, core);
  Seen& seen = seen_[place];
  const LogIndex base(found.base ? found.base->index.value : 0);
  seen.terms.assign(base.value, Term{});
  if (base != LogIndex{}) seen.terms.back() = Term(found.base->term.value);
  for (const oracle::RaftEntry& entry : found.entries) {
    seen.terms.push_back(Term(entry.term.value));
  }
  Expect(oracle_.Started(Named(place), found));
  seen.leads = false;
  seen.base = base;
  seen.commit = LogIndex(found.applied.value);
  seen.durable = LogIndex(seen.terms.size());
  seen.first_lost = {};
  const auto lost = std::ranges::find_if(found.entries, &oracle::RaftEntry::is_lost);
  if (lost != found.entries.end()) {
    seen.first_lost = LogIndex(lost->index.value);
    seen.durable = seen.first_lost - 1;
  }
  seen.hard_state = {.term = core.term(), .vote = core.vote()};
  Look(place, core);
}

void RaftWatch::Stopped(std::uint64_t place) {
  told_.Down(place);
  oracle_.Stopped(Named(place));
  seen_[place].leads = false;
}

// A leader's commit comes before what it appends because of it; a follower appends first.
void RaftWatch::Look(std::uint64_t place, const raft::Core& core) {
  told_.Look(place, core);
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

void RaftWatch::BecameLeader(std::uint64_t place, const raft::Core& core) {
  Seen& seen = seen_[place];
  seen.leads = true;
  seen.led = core.term();
  Expect(oracle_.VoteSent(Named(place), Said(core.term()), Named(place)));
  Expect(oracle_.BecameLeader(Named(place), Said(core.term())));
  BEACH_SOMETIMES("raft.joint_across_leader_change",
                  core.configuration().joint() && joint_led_ != Term{} && joint_led_ < core.term());
}

void RaftWatch::SteppedDown(std::uint64_t place) {
  seen_[place].leads = false;
  oracle_.SteppedDown(Named(place));
}

void RaftWatch::LookAtCommit(std::uint64_t place, const raft::Core& core) {
  Seen& seen = seen_[place];
  if (core.commit() == seen.commit) return;
  if (core.commit() > LogIndex(seen.terms.size())) return;  // once its entries are told
  Expect(oracle_.Committed(Named(place), Said(core.commit())));
  seen.commit = core.commit();
}

// Each log is followed by its terms: where one changes, all behind it has.
void RaftWatch::LookAtLog(std::uint64_t place, const raft::Core& core) {
  Seen& seen = seen_[place];
  const raft::LogEnd end = core.log().end();
  const LogIndex told(seen.terms.size());
  if (end.index == told && (told == seen.base || end.term == seen.terms.back())) return;
  LogIndex same = std::min(end.index, told);
  while (same > seen.base && core.log().TermAt(same) != seen.terms[same.value - 1]) {
    same = same - 1;
  }
  if (same < told) {
    BEACH_SOMETIMES("raft.uncommitted_overwritten", true);
    told_.Truncated(place, same.Next(), told);
    Expect(oracle_.Truncated(Named(place), Said(same.Next())));
    seen.terms.resize(same.value);
    if (same < seen.first_lost) seen.first_lost = {};
    seen.durable = std::min(seen.durable, same);
  }
  for (LogIndex index = same.Next(); index <= end.index; index = index.Next()) {
    const raft::Entry& entry = core.log().tail().At(index);
    Expect(oracle_.Appended(Named(place), Said(entry)));
    seen.terms.push_back(entry.term);
  }
  if (seen.leads && core.configuration().joint()) joint_led_ = core.term();
}

void RaftWatch::HardState(std::uint64_t place, const raft::HardState& durable) {
  Seen& seen = seen_[place];
  if (durable == seen.hard_state) return;
  seen.hard_state = durable;
  Expect(oracle_.HardState(Named(place), Said(durable.term), VoteOf(durable)));
  if (seen.leads && seen.led < durable.term) seen.leads = false;
}

void RaftWatch::Durable(std::uint64_t place, LogIndex index) {
  Seen& seen = seen_[place];
  if (index <= seen.durable) return;
  if (seen.first_lost != LogIndex{} && index >= seen.first_lost) {
    BEACH_SOMETIMES("raft.lost_entry_filled", true);
    BEACH_SOMETIMES("raft.committed_entry_repaired", seen.first_lost <= committed());
    seen.first_lost = {};
  }
  seen.durable = index;
  Expect(oracle_.Durable(Named(place), Said(index)));
}

void RaftWatch::Speaks(std::uint64_t place, const raft::Message& message) {
  told_.Sent(message);
  const Seen& seen = seen_[place];
  if (message.term > seen.hard_state.term) {
    simulation_.Fail("term-not-durable", "node " + std::to_string(place + 1) + " speaks of term " +
                                             std::to_string(message.term.value) +
                                             ", and durably it is in term " +
                                             std::to_string(seen.hard_state.term.value));
  }
  if (const auto* const reply = std::get_if<raft::AppendReply>(&message.body)) {
    if (!reply->accepted) return;
    Expect(oracle_.AcknowledgementSent(Named(place), Said(message.term), Said(reply->matched)));
  } else if (const auto* const vote = std::get_if<raft::VoteReply>(&message.body)) {
    if (!vote->granted) return;
    Expect(oracle_.VoteSent(Named(place), Said(message.term), Named(message.to)));
  } else if (const auto* const held = std::get_if<raft::InstallSnapshotReply>(&message.body)) {
    // To who sent the snapshot, which need not lead any more.
    const bool holds = held->kind != raft::SnapshotReplyKind::kHeld || held->index <= seen.durable;
    if (holds) return;
    simulation_.Fail("snapshot-not-durable",
                     "node " + std::to_string(place + 1) + " says that it holds all up to index " +
                         std::to_string(held->index.value) + ", and durably that is not so");
  }
}

bool RaftWatch::Has(std::uint64_t place, LogIndex index, Term term) const {
  const Seen& seen = seen_[place];
  return index >= seen.base && index.value <= seen.terms.size() &&
         seen.terms[index.value - 1] == term;
}

// What is behind a snapshot may be acknowledged, and stays where the logs agree; elsewhere all of
// the log contradicts what is committed (figure 5.3, step 6).
void RaftWatch::LogReplaced(std::uint64_t place, const oracle::RaftBase& base, LogIndex found_base,
                            LogIndex found_last) {
  const LogIndex index(base.index.value);
  const bool stays = Has(place, index, Term(base.term.value));
  const LogIndex last = stays ? LogIndex(seen_[place].terms.size()) : index;
  BEACH_SOMETIMES("raft.suffix_kept", stays && last > index);
  if (found_base == index && found_last == last) return;
  simulation_.Fail("log-after-install",
                   "node " + std::to_string(place + 1) + " has a snapshot of index " +
                       std::to_string(index.value) + ", behind which its log has to end at " +
                       std::to_string(last.value) + ", and durably it holds (" +
                       std::to_string(found_base.value) + ", " + std::to_string(found_last.value) +
                       "]");
}

void RaftWatch::SnapshotInstalled(std::uint64_t place, const oracle::RaftBase& base,
                                  std::uint64_t digest) {
  Seen& seen = seen_[place];
  const LogIndex index(base.index.value);
  const Term term(base.term.value);
  told_.Installed(place, index, term);
  Expect(oracle_.SnapshotInstalled(Named(place), base, digest));
  if (!Has(place, index, term)) {
    seen.terms.resize(index.value);
    seen.terms.back() = term;
  }
  if (seen.first_lost <= index) seen.first_lost = {};
  seen.base = index;
  seen.commit = std::max(seen.commit, index);
  seen.durable = std::max(std::min(seen.durable, LogIndex(seen.terms.size())), index);
}

void RaftWatch::Compacted(std::uint64_t place, LogIndex index) {
  Seen& seen = seen_[place];
  if (index <= seen.base) return;
  Expect(oracle_.Compacted(Named(place), Said(index)));
  seen.base = index;
}

void RaftWatch::Applied(std::uint64_t place, const raft::Entry& entry, std::uint64_t digest) {
  Expect(oracle_.Applied(Named(place), Said(entry.index), Said(entry.term), digest));
}

}  // namespace beach::sim::scenarios
