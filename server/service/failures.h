// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "raft/core.h"
#include "raft/node/replica.h"
#include "raft/output.h"
#include "server/protocol/reply.h"

// What a client is told when it does not get what it asked for. Pure; who leads is for the caller
// to add. Texts are constants.

namespace beach::server {

// REQUIRES: it is not committed.
Failure FailureOf(const raft::Outcome& outcome);
Failure FailureOf(raft::ReadError error);
Failure FailureOf(raft::TransferError error);
// What is asked about is not kept any more.
Failure FailureOfCompacted();
// The leader alone does that.
Failure FailureOfNotLeader();
// Leadership has not come to whom it was handed to.
Failure FailureOfTransfer();
// Of a request whose deadline has passed: a write that was proposed cannot be called back.
Failure FailureAtDeadline(bool proposed);
// As many are under way as may be.
Failure FailureOfOverload();
// The user has no token left for it.
Failure FailureOfPace();
// The request makes no sense. The detail is borrowed.
Failure FailureOfInvalid(ByteView detail);
// Nobody knows who asks: he has not said, or nobody has that name and that token.
Failure FailureOfStranger(bool has_said);
// It is not his to do.
Failure FailureOfRole();
// A read of what this node holds has failed. The detail is borrowed.
Failure FailureOfStore(ByteView detail);

}  // namespace beach::server
