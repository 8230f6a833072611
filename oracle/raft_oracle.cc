// SPDX-License-Identifier: Apache-2.0
#include "oracle/raft_oracle.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "oracle/raft_words.h"

namespace beach::oracle {
RaftOracle::Node& RaftOracle::Up(RaftNode node) {
  const auto found = nodes_.find(node);
  BEACH_CHECK(found != nodes_.end());
  BEACH_CHECK(found->second.is_up);
  return found->second;
}

void RaftOracle::Stopped(RaftNode node) {
  Node& stopped = Up(node);
  stopped.is_up = false;
  stopped.leads.reset();
}

void RaftOracle::SteppedDown(RaftNode node) { Up(node).leads.reset(); }

// --- Elections.

// Whether that may follow what the node had durably.
Judgement RaftOracle::JudgeVote(RaftNode id, const Node& node, RaftTerm term,
                                std::optional<RaftNode> vote) const {
  if (term < node.term) {
    return Wrong("term-went-back", Name(id) + " was durably" + InTerm(node.term) + " and is" +
                                       InTerm(term) + " again");
  }
  if (term > node.term || !node.vote || node.vote == vote) return std::nullopt;
  const std::string message = Name(id) + " had voted for " + Name(node.vote) + InTerm(term) +
                              ", durably, and has " + Name(vote) + " there";
  return Wrong(vote ? "voted-twice" : "vote-forgotten", message);
}

Judgement RaftOracle::HardState(RaftNode node, RaftTerm term, std::optional<RaftNode> vote) {
  Node& one = Up(node);
  if (Judgement wrong = JudgeVote(node, one, term, vote)) return wrong;
  one.term = term;
  one.vote = vote;
  if (one.leads && *one.leads < term) one.leads.reset();
  return std::nullopt;
}

Judgement RaftOracle::VoteSent(RaftNode node, RaftTerm term, RaftNode candidate) {
  Node& one = Up(node);
  if (one.spoken_vote && one.spoken_term == term && *one.spoken_vote != candidate) {
    return Wrong("voted-twice", Name(node) + " votes for " + Name(candidate) + InTerm(term) +
                                    ", after it voted for " + Name(one.spoken_vote));
  }
  if (one.term != term || one.vote != candidate) {
    return Wrong("vote-not-durable", Name(node) + " votes for " + Name(candidate) + InTerm(term) +
                                         ", but durably it is" + InTerm(one.term) +
                                         " with a vote for " + Name(one.vote));
  }
  one.spoken_term = term;
  one.spoken_vote = candidate;
  return std::nullopt;
}

Judgement RaftOracle::BecameLeader(RaftNode node, RaftTerm term) {
  Node& one = Up(node);
  if (one.leads == term) return std::nullopt;
  const auto [other, is_first] = leaders_.emplace(term, node);
  if (!is_first) {
    return Wrong("two-leaders", Name(node) + " leads" + InTerm(term) + ", in which " +
                                    Name(other->second) + " did before");
  }
  one.leads = term;
  // Entries that were committed in terms below; a leader of a higher one may have been faster.
  const auto above = std::ranges::lower_bound(commits_, term, {}, &Commit::term);
  if (above == commits_.begin()) return std::nullopt;
  return JudgeLeader(node, one, *std::prev(above));
}

Judgement RaftOracle::JudgeLeader(RaftNode id, const Node& leader, const Commit& commit) const {
  const bool is_below = commit.index < leader.log.begin();  // in a snapshot, which was judged
  if (is_below) return std::nullopt;
  if (leader.log.Has(commit.index) && leader.log.ChainAt(commit.index) == commit.chain) {
    return std::nullopt;
  }
  return Wrong("leader-incomplete", Name(id) + " leads" + InTerm(*leader.leads) +
                                        " without what was committed at " + Name(commit.index) +
                                        InTerm(commit.term) + "; its log ends at " +
                                        Name(leader.log.end()));
}

// --- Logs.

std::optional<std::uint64_t> RaftOracle::FindChain(RaftIndex index, RaftTerm term) const {
  if (index.value == 0) return 0;
  const Known* const known = FindKnown(index, term);
  return known != nullptr ? std::optional(known->chain) : std::nullopt;
}

const RaftOracle::Known* RaftOracle::FindKnown(RaftIndex index, RaftTerm term) const {
  if (index.value > known_.size()) return nullptr;
  for (const Known& one : known_[index.value - 1]) {
    if (one.term == term) return &one;
  }
  return nullptr;
}

// It is what its index and term say that it was.
Judgement RaftOracle::TakeLost(RaftNode id, Node& node, const RaftEntry& entry) {
  const Known* const known = FindKnown(entry.index, entry.term);
  if (known == nullptr) {
    return Wrong("entry-from-nobody", Name(id) + " has lost an entry at " + Name(entry.index) +
                                          OfTerm(entry.term) + " that no leader of that term made");
  }
  RaftEntry whole = entry;
  whole.configuration = known->configuration;
  node.log.AppendKnown(whole, known->chain);
  return std::nullopt;
}

Judgement RaftOracle::TakeEntry(RaftNode id, Node& node, const RaftEntry& entry) {
  if (entry.index != node.log.end().Next()) {
    return Wrong("log-gap", Name(id) + " has an entry at " + Name(entry.index) +
                                " behind its last one at " + Name(node.log.end()));
  }
  if (entry.is_lost) return TakeLost(id, node, entry);
  const std::uint64_t chain = node.log.ChainWith(entry);
  const std::optional<std::uint64_t> known = FindChain(entry.index, entry.term);
  if (known && *known != chain) {
    return Wrong("log-matching", Name(id) + " and another node have an entry at " +
                                     Name(entry.index) + " of term " +
                                     std::to_string(entry.term.value) +
                                     ", but there or before it their logs differ");
  }
  if (!known) {
    if (node.leads != entry.term) {
      return Wrong("entry-from-nobody", Name(id) + " has an entry at " + Name(entry.index) +
                                            OfTerm(entry.term) +
                                            " that no leader of that term made");
    }
    if (known_.size() < entry.index.value) known_.resize(entry.index.value);
    known_[entry.index.value - 1].push_back(
        {.term = entry.term, .chain = chain, .configuration = entry.configuration});
  }
  node.log.Append(entry);
  return std::nullopt;
}

Judgement RaftOracle::Appended(RaftNode node, const RaftEntry& entry) {
  return TakeEntry(node, Up(node), entry);
}

Judgement RaftOracle::Truncated(RaftNode node, RaftIndex from) {
  Node& one = Up(node);
  if (one.leads) {
    return Wrong("leader-overwrote", Name(node) + " leads" + InTerm(*one.leads) +
                                         " and cuts its own log at " + Name(from));
  }
  if (from <= one.log.begin() || from > one.log.end()) {
    return Wrong("log-gap", Name(node) + " cuts its log at " + Name(from) + ", where it has none");
  }
  one.log.TruncateFrom(from);
  one.durable = std::min(one.durable, one.log.end());
  one.held = std::min(one.held, one.log.end());
  return JudgeLoss(node);
}

Judgement RaftOracle::Durable(RaftNode node, RaftIndex index) {
  Node& one = Up(node);
  if (index > one.log.end()) {
    return Wrong("log-gap", Name(node) + " says that all up to " + Name(index) +
                                " is durable, and has no more than " + Name(one.log.end()));
  }
  one.durable = std::max(one.durable, index);
  one.held = std::max(one.held, index);
  return std::nullopt;
}

Judgement RaftOracle::AcknowledgementSent(RaftNode node, RaftTerm term, RaftIndex index) {
  const Node& one = Up(node);
  if (one.term != term || one.durable < index) {
    return Wrong("ack-not-durable", Name(node) + " acknowledges all up to " + Name(index) +
                                        InTerm(term) + ", but durably it is" + InTerm(one.term) +
                                        " with all up to " + Name(one.durable));
  }
  const auto leader = leaders_.find(term);
  if (leader == leaders_.end()) {
    return Wrong("ack-not-durable",
                 Name(node) + " acknowledges to a leader" + InTerm(term) + ", which has none");
  }
  const RaftLog& theirs = nodes_.at(leader->second).log;
  if (nodes_.at(leader->second).leads != term) return std::nullopt;
  if (!theirs.Has(index) || !one.log.Has(index)) return std::nullopt;
  if (theirs.ChainAt(index) == one.log.ChainAt(index)) return std::nullopt;
  return Wrong("ack-of-other-log", Name(node) + " acknowledges all up to " + Name(index) +
                                       InTerm(term) + ", where its log is not that of " +
                                       Name(leader->second));
}

// --- Commits.

bool RaftOracle::IsHeldBy(const std::vector<RaftNode>& voters, const Commit& commit) const {
  std::size_t count = 0;
  for (const RaftNode voter : voters) {
    const auto found = nodes_.find(voter);
    if (found == nodes_.end()) continue;
    const Node& node = found->second;
    if (node.held >= commit.index && node.log.Has(commit.index) &&
        node.log.ChainAt(commit.index) == commit.chain) {
      ++count;
    }
  }
  return count * 2 > voters.size();
}

bool RaftOracle::IsHeld(const RaftConfiguration& configuration, const Commit& commit) const {
  return IsHeldBy(configuration.voters, commit) &&
         (configuration.outgoing.empty() || IsHeldBy(configuration.outgoing, commit));
}

Judgement RaftOracle::JudgeLoss(RaftNode id) const {
  if (commits_.empty() || IsHeld(*committed_by_, commits_.back())) return std::nullopt;
  const Node& node = nodes_.at(id);
  return Wrong("committed-entry-lost", "what was committed at " + Name(commits_.back().index) +
                                           " is on no majority any more since " + Name(id) +
                                           " has durably no more than " + Name(node.held));
}

Judgement RaftOracle::JudgeQuorum(RaftNode id, const Node& leader, RaftIndex index) const {
  const Commit commit = {.term = *leader.leads, .index = index, .chain = leader.log.ChainAt(index)};
  if (leader.log.TermAt(index) != commit.term) {
    return Wrong("commit-of-older-term",
                 Name(id) + " leads" + InTerm(commit.term) + " and commits up to " + Name(index) +
                     ", an entry of term " + std::to_string(leader.log.TermAt(index).value));
  }
  if (!IsHeld(leader.log.configuration(), commit)) {
    return Wrong("commit-without-quorum", Name(id) + " commits up to " + Name(index) +
                                              InTerm(commit.term) +
                                              ", which no majority has durably");
  }
  for (const auto& [other, node] : nodes_) {
    if (!node.leads || *node.leads <= commit.term) continue;
    if (Judgement wrong = JudgeLeader(other, node, commit)) return wrong;
  }
  return std::nullopt;
}

Judgement RaftOracle::Committed(RaftNode node, RaftIndex index) {
  Node& one = Up(node);
  if (index < one.committed) {
    return Wrong("commit-went-back", Name(node) + " had committed up to " + Name(one.committed) +
                                         " and says " + Name(index));
  }
  if (index == one.committed) return std::nullopt;
  if (!one.log.Has(index)) {
    return Wrong("commit-without-quorum", Name(node) + " commits up to " + Name(index) +
                                              ", and its log ends at " + Name(one.log.end()));
  }
  if (index > committed()) {
    if (!one.leads) {
      return Wrong("commit-without-quorum", Name(node) + " follows, and commits up to " +
                                                Name(index) + ", where no leader has");
    }
    if (Judgement wrong = JudgeQuorum(node, one, index)) return wrong;
    // Those before the log begins are in a snapshot, so committed.
    for (RaftIndex next = committed().Next(); next <= index; next = next.Next()) {
      committed_chains_.push_back(one.log.ChainAt(next));
    }
    commits_.push_back({.term = *one.leads, .index = index, .chain = one.log.ChainAt(index)});
    committed_by_ = one.log.configuration();
  } else if (one.log.ChainAt(index) != committed_chains_[index.value - 1]) {
    return Wrong("commit-differs", Name(node) + " commits up to " + Name(index) +
                                       ", where its log is not what was committed");
  }
  one.committed = index;
  return std::nullopt;
}

}  // namespace beach::oracle
