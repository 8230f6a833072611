// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "oracle/raft_oracle.h"
#include "oracle/raft_words.h"

// Starts, snapshots and the state machine.

namespace beach::oracle {
Judgement RaftOracle::Started(RaftNode node, const RaftRecovery& found) {
  Node& one = nodes_.try_emplace(node, initial_).first->second;
  BEACH_CHECK(!one.is_up);
  if (Judgement wrong = JudgeVote(node, one, found.term, found.vote)) return wrong;
  one.is_up = true;
  one.term = found.term;
  one.vote = found.vote;
  one.leads.reset();
  if (Judgement wrong = Recover(node, one, found)) return wrong;
  if (found.applied > committed() || found.applied > one.log.end() ||
      found.applied < one.log.begin()) {
    return Wrong("applied-uncommitted", Name(node) + " starts with a state as of " +
                                            Name(found.applied) + "; its log is of " +
                                            Name(one.log.begin()) + " to " + Name(one.log.end()) +
                                            ", and committed are all up to " + Name(committed()));
  }
  one.applied = found.applied;
  one.committed = found.applied;
  one.is_state_lost = found.is_state_lost;
  return JudgeLoss(node);
}

Judgement RaftOracle::Recover(RaftNode id, Node& node, const RaftRecovery& found) {
  const RaftIndex promised = node.held;
  const RaftIndex whole = node.durable;
  const std::uint64_t chain = node.log.ChainAt(promised);
  RaftBase base = found.base.value_or(RaftBase{.index = {}, .term = {}, .configuration = initial_});
  if (Judgement wrong = JudgeSnapshot(id, base)) return wrong;
  const std::uint64_t base_chain = *FindChain(base.index, base.term);
  // The crash may have come just after a snapshot took the place of a log that did not hold its
  // last entry: what stood behind is not of that log.
  const bool replaced = node.log.Has(base.index) && node.log.ChainAt(base.index) != base_chain;
  node.log.Reset(std::move(base), base_chain);
  for (const RaftEntry& entry : found.entries) {
    if (Judgement wrong = TakeEntry(id, node, entry)) return wrong;
  }
  const auto lost = std::ranges::find_if(found.entries, &RaftEntry::is_lost);
  node.held = node.log.end();
  node.durable = lost == found.entries.end() ? node.held : RaftIndex(lost->index.value - 1);
  if (lost != found.entries.end() && lost->index <= whole && !found.is_damaged) {
    return Wrong("durable-entry-lost", Name(id) + " had all up to " + Name(whole) +
                                           " durably; now it lacks what it had at " +
                                           Name(lost->index) + ", and nothing was damaged");
  }
  if (replaced || promised < node.log.begin()) return std::nullopt;
  if (promised <= node.log.end() && node.log.ChainAt(promised) == chain) return std::nullopt;
  return Wrong("durable-entry-lost", Name(id) + " had all up to " + Name(promised) +
                                         " durably; now its log ends at " + Name(node.log.end()) +
                                         ", or differs before that");
}

Judgement RaftOracle::JudgeSnapshot(RaftNode id, const RaftBase& base) const {
  const auto wrong = [&](const std::string& why) {
    return Wrong("snapshot-uncommitted", Name(id) + " has a snapshot up to " + Name(base.index) +
                                             " of term " + std::to_string(base.term.value) + why);
  };
  const std::optional<std::uint64_t> chain = FindChain(base.index, base.term);
  if (!chain) return wrong(", where no node has had such an entry");
  if (base.index > committed()) return wrong(", and committed are all up to " + Name(committed()));
  if (base.index.value > 0 && committed_chains_[base.index.value - 1] != *chain) {
    return wrong(", where another entry was committed");
  }
  return std::nullopt;
}

Judgement RaftOracle::SnapshotInstalled(RaftNode node, RaftBase base, std::uint64_t state_digest) {
  Node& one = Up(node);
  if (one.leads) {
    return Wrong("leader-overwrote", Name(node) + " leads and installs a snapshot");
  }
  if (base.index < one.applied) {
    return Wrong("apply-order", Name(node) + " has applied all up to " + Name(one.applied) +
                                    " and installs a snapshot up to " + Name(base.index));
  }
  if (Judgement wrong = JudgeSnapshot(node, base)) return wrong;
  const RaftIndex index = base.index;
  const std::uint64_t chain = *FindChain(base.index, base.term);
  if (one.log.Has(index) && one.log.ChainAt(index) == chain) {
    one.log.DropTo(index);  // what follows stays
    one.log.SetFirstConfiguration(std::move(base.configuration));
  } else {
    one.log.Reset(std::move(base), chain);
    one.durable = one.held = index;
  }
  one.durable = std::max(one.durable, index);
  one.held = std::max(one.held, index);
  one.is_state_lost = false;
  one.committed = std::max(one.committed, index);
  one.applied = index;
  if (Judgement wrong = JudgeState(node, index, state_digest)) return wrong;
  return JudgeLoss(node);
}

Judgement RaftOracle::Compacted(RaftNode node, RaftIndex index) {
  Node& one = Up(node);
  if (index > one.applied || index > one.durable || !one.log.Has(index)) {
    return Wrong("compacted-unapplied", Name(node) + " drops its log up to " + Name(index) +
                                            ", and has applied all up to " + Name(one.applied) +
                                            ", durably all up to " + Name(one.durable));
  }
  one.log.DropTo(index);
  return std::nullopt;
}

Judgement RaftOracle::JudgeState(RaftNode id, RaftIndex index, std::uint64_t digest) {
  const auto [there, is_first] = states_.emplace(index, digest);
  if (is_first || there->second == digest) return std::nullopt;
  return Wrong("replica-diverged", Name(id) + " has another state at " + Name(index) +
                                       " than a node before it, after the same entries");
}

Judgement RaftOracle::Applied(RaftNode node, RaftIndex index, RaftTerm term,
                              std::uint64_t state_digest) {
  Node& one = Up(node);
  if (index != one.applied.Next()) {
    return Wrong("apply-order",
                 Name(node) + " applies " + Name(index) + " behind " + Name(one.applied));
  }
  if (one.is_state_lost) {
    return Wrong("applied-without-state",
                 Name(node) + " applies " + Name(index) + ", and has lost its state machine");
  }
  if (!one.log.Has(index) || one.log.TermAt(index) != term) {
    return Wrong("applied-differently", Name(node) + " applies an entry at " + Name(index) +
                                            " of term " + std::to_string(term.value) +
                                            " that is not in its log");
  }
  if (index > one.committed) {
    return Wrong("applied-uncommitted", Name(node) + " applies " + Name(index) +
                                            ", and has committed all up to " + Name(one.committed));
  }
  if (one.log.ChainAt(index) != committed_chains_[index.value - 1]) {
    return Wrong("applied-differently", Name(node) + " applies an entry at " + Name(index) +
                                            " that is not what was committed there");
  }
  one.applied = index;
  return JudgeState(node, index, state_digest);
}

}  // namespace beach::oracle
