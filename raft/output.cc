// SPDX-License-Identifier: Apache-2.0
#include "raft/output.h"

#include <utility>

namespace beach::raft {

void Output::Clear() {
  persist.id = {};
  persist.hard_state.reset();
  persist.fills.clear();
  persist.truncate_from = {};
  persist.entries.clear();
  replace_log.reset();
  messages.clear();
  apply.clear();
  reads.clear();
  fates.clear();
  loads.clear();
  snapshots_to_send.clear();
  snapshot_to_receive.reset();
  events.clear();
}

void Swap(Output& one, Output& other) {
  using std::swap;
  const auto each = [](Output& of, auto&& take) {
    auto& [persist, replace_log, messages, apply, reads, fates, loads, to_send, to_receive,
           events] = of;
    return take(persist, replace_log, messages, apply, reads, fates, loads, to_send, to_receive,
                events);
  };
  each(one,
       [&](auto&... mine) { each(other, [&](auto&... theirs) { (swap(mine, theirs), ...); }); });
}

const char* RoleName(Role role) {
  switch (role) {
    case Role::kFollower: return "follower";
    case Role::kPreCandidate: return "pre-candidate";
    case Role::kCandidate: return "candidate";
    case Role::kLeader: return "leader";
  }
  return "unknown";
}

const char* ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kNone: return "none";
    case Reason::kStarted: return "started";
    case Reason::kElectionTimeout: return "election timeout";
    case Reason::kPreVotesGranted: return "pre-votes granted";
    case Reason::kVotesGranted: return "votes granted";
    case Reason::kVotesRefused: return "votes refused";
    case Reason::kHigherTerm: return "higher term";
    case Reason::kLeaderHeard: return "leader heard";
    case Reason::kQuorumSilent: return "quorum silent";
    case Reason::kRemoved: return "removed";
    case Reason::kAskedToCampaign: return "asked to campaign";
    case Reason::kTimedOut: return "timed out";
    case Reason::kDone: return "done";
  }
  return "unknown";
}

const char* ProposeErrorName(ProposeError error) {
  switch (error) {
    case ProposeError::kNotLeader: return "not leader";
    case ProposeError::kOverloaded: return "overloaded";
    case ProposeError::kTransferring: return "transferring";
    case ProposeError::kTooLarge: return "too large";
    case ProposeError::kChangePending: return "change pending";
    case ProposeError::kNotReady: return "not ready";
    case ProposeError::kInvalidChange: return "invalid change";
  }
  return "unknown";
}

}  // namespace beach::raft
