// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "raft/core.h"

// What is committed: 3.6.2.

namespace beach::raft {

// The configuration in force is the newest in the log, and each member counts what it holds
// durably: this node too, if it is a voter, and learners nowhere.
void Core::AdvanceCommit(std::uint64_t now_ns) {
  const LogIndex held(QuorumValue(configuration(), [&](NodeId node) {
    const Progress* const peer = Find(node);
    return peer == nullptr ? 0 : peer->match.value;
  }));
  if (held <= commit_) return;
  // An entry of an older term may be on a majority and yet be replaced (figure 3.7): it commits
  // with one of this term behind it.
  if (log_.TermAt(held) != term_) return;
  CommitTo(held);
  AfterLeaderCommit(now_ns);
}

void Core::CommitTo(LogIndex index) {
  BEACH_CHECK(index > commit_);
  BEACH_CHECK(index <= log_.last());
  commit_ = index;
  proposals_.Resolve(log_, commit_, output_.fates);
}

// Until then a leader does not know how much is committed: no reads, no change of configuration.
bool Core::CommittedInTerm() const { return log_.TermAt(commit_) == term_; }

void Core::AfterLeaderCommit(std::uint64_t now_ns) {
  BEACH_CHECK(CommittedInTerm());
  rounds_.CommittedInTerm(commit_);
  LeaveJointIfDue(now_ns);
  StepDownIfRemoved(now_ns);
}

}  // namespace beach::raft
