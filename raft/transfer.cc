// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "raft/core.h"

// Handing leadership over: 3.10. The target is brought up to date while no proposals are taken, is
// told to campaign at once, and has its votes although a leader is alive.

namespace beach::raft {

std::expected<void, TransferError> Core::TransferLeadership(std::uint64_t now_ns, NodeId target) {
  if (role_ != Role::kLeader) return std::unexpected(TransferError::kNotLeader);
  if (transfer_.target != NodeId{}) return std::unexpected(TransferError::kTransferring);
  if (target == options_.id || !configuration().IsVoter(target)) {
    return std::unexpected(TransferError::kNotVoter);
  }
  transfer_ = {
      .target = target, .deadline_ns = now_ns + options_.election_timeout_ns, .asked = false};
  const Progress* const peer = Find(target);
  BEACH_CHECK(peer != nullptr);
  AskToCampaign(*peer);
  CheckInvariants();
  return {};
}

// Once the target has all of the log. When it campaigns is not known: no lease of this term is
// worth anything from here on, even if the transfer is given up.
void Core::AskToCampaign(const Progress& peer) {
  if (transfer_.target != peer.id || transfer_.asked || peer.match != log_.last()) return;
  transfer_.asked = true;
  lease_.RevokeForGood();
  Send(peer.id, TimeoutNow{});
}

void Core::EndTransferIfDue(std::uint64_t now_ns) {
  if (transfer_.target != NodeId{} && now_ns >= transfer_.deadline_ns) {
    EndTransfer(Reason::kTimedOut);
  }
}

void Core::EndTransfer(Reason reason) {
  if (transfer_.target == NodeId{}) return;
  Tell(EventKind::kTransferEnded, reason, transfer_.target);
  transfer_ = {};
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, TimeoutNow&) {
  if (role_ != Role::kFollower || leader_ != from || !MayCampaign()) return;
  Campaign(now_ns, Reason::kAskedToCampaign, true);
}

}  // namespace beach::raft
