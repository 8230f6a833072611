// SPDX-License-Identifier: Apache-2.0
#include "raft/testing/history.h"

#include <algorithm>

#include "base/coding.h"
#include "raft/quorum.h"

namespace beach::raft::testing {
namespace {

std::string Number(std::uint64_t value) { return std::to_string(value); }

bool DiskHolds(const Node& node, LogIndex index, Term term) {
  if (node.disk_base() >= index) return true;
  if (node.disk_last() < index) return false;
  return node.disk_entries()[index.value - node.disk_base().value - 1].term == term;
}

}  // namespace

Payload PayloadOf(RequestId request) {
  Bytes bytes;
  Encoder(bytes).Fixed64(request.value);
  return Payload::Copy(bytes);
}

RequestId RequestOf(const Entry& entry) {
  if (entry.kind != EntryKind::kNormal) return {};
  return RequestId(Decoder(entry.payload.view()).Fixed64());
}

void History::Break(NodeId id, const std::string& what) {
  if (broken.empty()) broken = "node " + Number(id.value) + ": " + what;
}

void History::Look(NodeId id, const Node& node, const std::vector<const Node*>& all) {
  Term& disk_term = disk_terms_[id];
  if (node.disk_hard_state().term < disk_term) Break(id, "its term on disk went back");
  disk_term = node.disk_hard_state().term;
  LookAtLeader(id, node);
  LookAtCommit(id, node, all);
}

// Election safety and leader completeness.
void History::LookAtLeader(NodeId id, const Node& node) {
  const Core& core = node.core();
  if (core.role() != Role::kLeader) return;
  const auto [known, is_new] = leaders_.emplace(core.term(), id);
  if (known->second != id) Break(id, "a second leader of term " + Number(core.term().value));
  if (!is_new) return;
  for (std::uint64_t i = core.log().base().value; i < committed_.size(); ++i) {
    if (committed_[i].seen_in >= core.term()) continue;
    if (!core.log().Matches(LogIndex(i + 1), committed_[i].term)) {
      Break(id, "leads term " + Number(core.term().value) + " without committed entry " +
                    Number(i + 1));
    }
  }
}

void History::LookAtCommit(NodeId id, const Node& node, const std::vector<const Node*>& all) {
  const Core& core = node.core();
  LogIndex& seen = seen_commit_[id];
  if (core.commit() < seen) Break(id, "its commit index went back");
  for (LogIndex i = seen.Next(); i <= core.commit(); i = i.Next()) {
    const std::optional<Term> term = core.log().TermAt(i);
    if (i.value > committed_.size()) {
      if (!term || i.value != committed_.size() + 1) {
        Break(id, "commits " + Number(i.value) + " out of the blue");
        return;
      }
      committed_.push_back({.term = *term, .seen_in = core.term()});
      if (!OnAQuorumOfDisks(node, i, *term, all)) {
        Break(id, "commits entry " + Number(i.value) + " which no quorum holds durably");
      }
    } else if (term && *term != committed_[i.value - 1].term) {
      Break(id, "commits another entry " + Number(i.value));
    }
  }
  seen = core.commit();
}

// Judged where it is first seen, which is at the leader that commits it.
bool History::OnAQuorumOfDisks(const Node& leader, LogIndex index, Term term,
                               const std::vector<const Node*>& all) const {
  const Vote held = QuorumVote(leader.core().configuration(), [&](NodeId id) {
    return DiskHolds(*all[id.value], index, term) ? Vote::kGranted : Vote::kRefused;
  });
  return held == Vote::kGranted;
}

// What is said is durable.
void History::Speaks(NodeId id, const Node& node, const Message& message) {
  const HardState& disk = node.disk_hard_state();
  if (message.term > disk.term) Break(id, "speaks of a term that is not on its disk");
  if (const auto* const vote = std::get_if<VoteReply>(&message.body)) {
    if (vote->granted && disk != HardState{.term = message.term, .vote = message.to}) {
      Break(id, "grants a vote that is not on its disk");
    }
  }
  if (const auto* const reply = std::get_if<AppendReply>(&message.body)) {
    if (reply->accepted && reply->matched > node.disk_last()) {
      Break(id, "acknowledges entries that are not on its disk");
    }
  }
}

void History::CheckState(NodeId id, const State& state, RequestId request) {
  const std::uint64_t index = state.index.value;
  if (index == 0) return;
  if (index > committed_.size()) return Break(id, "applies " + Number(index) + ", not committed");
  if (applied_.size() < index) applied_.resize(index);
  Applied& there = applied_[index - 1];
  if (there.known && there.digest != state.digest) {
    Break(id, "its state differs at index " + Number(index));
  }
  there = {.known = true, .digest = state.digest, .request = request};
}

void History::Applies(NodeId id, const Node& node, const Entry& entry) {
  const RequestId request = RequestOf(entry);
  if (entry.index == node.state().index) CheckState(id, node.state(), request);
  if (request == RequestId{}) return;
  const auto [place, is_new] = places_.emplace(request.value, entry.index.value);
  if (place->second != entry.index.value) {
    Break(id, "request " + Number(request.value) + " is applied twice");
  }
  if (is_new && std::ranges::find(never_, request) != never_.end()) {
    Break(id, "request " + Number(request.value) + " was said never to be applied");
  }
}

void History::Installs(NodeId id, const Node& node) { CheckState(id, node.state(), {}); }

void History::Crashed(NodeId id) { seen_commit_.erase(id); }

void History::ReadAsked(ReadContext context) {
  reads_[context.value] = LogIndex(committed_.size());
}

// All that was committed when it was asked, anywhere, is applied where it is granted.
void History::ReadAnswered(NodeId id, const Node& node, const ReadAnswer& answer) {
  if (answer.error) return;
  ++reads_granted_;
  const LogIndex least = reads_.at(answer.context.value);
  if (answer.index < least || node.state().index < least) {
    Break(id, "a read sees " + Number(node.state().index.value) + " at index " +
                  Number(answer.index.value) + ", and had to see " + Number(least.value));
  }
  if (node.core().applied() < answer.index) Break(id, "a read is granted before it is applied");
}

void History::FateTold(NodeId id, const ProposalFate& fate) {
  const std::string name = "request " + Number(fate.request.value);
  switch (fate.fate) {
    case Fate::kCommitted:
      if (fate.index.value > committed_.size() ||
          committed_[fate.index.value - 1].term != fate.term) {
        Break(id, name + " is said to be committed, and is not");
      }
      return;
    case Fate::kLost:
    case Fate::kRefused:
      if (places_.contains(fate.request.value)) Break(id, name + " is applied and said not to be");
      never_.push_back(fate.request);
      return;
    case Fate::kUnknown: return;
  }
}

}  // namespace beach::raft::testing
