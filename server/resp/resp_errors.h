// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "raft/node/replica.h"
#include "raft/output.h"
#include "server/command/answer.h"

// What a client is told when the cluster does not do what it asked for. The first word says what it
// may do; docs/resp.md lists them.

namespace beach::server {

// REQUIRES: it is not committed.
std::string RespErrorOf(const raft::Outcome& outcome);
std::string RespErrorOf(raft::ReadError error);
// A read of what this node holds has failed.
std::string RespErrorOfStore(const Error& error);
// REQUIRES: nothing was done.
std::string RespErrorOf(AnswerKind kind);
// The log has it, and this node was not the one to hear the answer.
std::string RespErrorOfLostAnswer();
// A limit that the command breaks (CheckCommand).
// Its user asks more often than he may.
std::string RespErrorOfPace();
std::string RespErrorOfInvalid(const Error& error);

}  // namespace beach::server
