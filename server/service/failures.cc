// SPDX-License-Identifier: Apache-2.0
#include "server/service/failures.h"

#include "base/check.h"

namespace beach::server {
namespace {

Failure Make(FailureKind kind, bool retry_is_safe, bool retry_may_help, ByteView detail) {
  return {.leader = {},
          .kind = kind,
          .retry_is_safe = retry_is_safe,
          .retry_may_help = retry_may_help,
          .leader_address = {},
          .detail = detail};
}

FailureKind KindOf(raft::ProposeError error) {
  switch (error) {
    case raft::ProposeError::kNotLeader:
    case raft::ProposeError::kTransferring:
    case raft::ProposeError::kNotReady: return FailureKind::kNoLeader;
    case raft::ProposeError::kOverloaded: return FailureKind::kOverloaded;
    case raft::ProposeError::kTooLarge: return FailureKind::kTooLarge;
    case raft::ProposeError::kChangePending: return FailureKind::kOverloaded;
    case raft::ProposeError::kInvalidChange: return FailureKind::kInvalid;
  }
  return FailureKind::kUnavailable;
}

}  // namespace

Failure FailureOf(const raft::Outcome& outcome) {
  BEACH_CHECK(outcome.fate != raft::Fate::kCommitted);
  switch (outcome.fate) {
    case raft::Fate::kRefused:
      return Make(KindOf(outcome.error), raft::RetryIsSafe(outcome.error),
                  raft::RetryMayHelp(outcome.error), raft::ProposeErrorName(outcome.error));
    case raft::Fate::kLost:
      return Make(FailureKind::kNoLeader, true, true, "another leader's log has won");
    case raft::Fate::kCommitted:
    case raft::Fate::kUnknown: break;
  }
  return Make(FailureKind::kUnknown, false, true, "no word of what became of it");
}

Failure FailureOf(raft::ReadError error) {
  switch (error) {
    case raft::ReadError::kOverloaded:
      return Make(FailureKind::kOverloaded, true, true, "as many reads wait as may");
    case raft::ReadError::kUnanswered:
      return Make(FailureKind::kNoLeader, true, true, "the leader did not answer");
    case raft::ReadError::kNoLeader: break;
  }
  return Make(FailureKind::kNoLeader, true, true, "no leader is known, or it has changed");
}

Failure FailureOf(raft::TransferError error) {
  switch (error) {
    case raft::TransferError::kNotLeader: return FailureOfNotLeader();
    case raft::TransferError::kTransferring:
      return Make(FailureKind::kOverloaded, true, true, "leadership is being handed over");
    case raft::TransferError::kNotVoter: break;
  }
  return FailureOfInvalid("leadership goes to voters alone");
}

Failure FailureOfCompacted() {
  return Make(FailureKind::kCompacted, true, false, "that is not kept any more: read anew");
}

Failure FailureOfNotLeader() {
  return Make(FailureKind::kNotLeader, true, true, "the leader alone does that");
}

Failure FailureOfTransfer() {
  return Make(FailureKind::kUnavailable, true, true, "who leadership was handed to does not lead");
}

Failure FailureAtDeadline(bool proposed) {
  if (proposed) {
    return Make(FailureKind::kUnknown, false, true, "it is proposed, and the deadline has passed");
  }
  return Make(FailureKind::kDeadline, true, true, "the deadline has passed");
}

Failure FailureOfOverload() {
  return Make(FailureKind::kOverloaded, true, true, "as many requests are under way as may be");
}

Failure FailureOfPace() {
  return Make(FailureKind::kOverloaded, true, true, "this user asks more often than he may");
}

Failure FailureOfStranger(bool has_said) {
  return Make(FailureKind::kUnauthenticated, true, false,
              has_said ? "there is no user of that name with that token"
                       : "this node has users: say first which one you are");
}

Failure FailureOfRole() {
  return Make(FailureKind::kForbidden, true, false, "this user has no role that may do that");
}

Failure FailureOfInvalid(ByteView detail) {
  return Make(FailureKind::kInvalid, true, false, detail.substr(0, kDetailSizeMax));
}

Failure FailureOfStore(ByteView detail) {
  return Make(FailureKind::kUnavailable, true, true, detail.substr(0, kDetailSizeMax));
}

}  // namespace beach::server
