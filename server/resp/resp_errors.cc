// SPDX-License-Identifier: Apache-2.0
#include "server/resp/resp_errors.h"

#include "base/check.h"

namespace beach::server {
namespace {

std::string ErrorOfRefusal(raft::ProposeError error) {
  switch (error) {
    case raft::ProposeError::kNotLeader: return "CLUSTERDOWN no leader is known; nothing was done";
    case raft::ProposeError::kOverloaded:
      return "BUSY as much is under way as may be; nothing was done";
    case raft::ProposeError::kTooLarge: return "ERR larger than an entry of the log may be";
    case raft::ProposeError::kTransferring:
    case raft::ProposeError::kNotReady:
    case raft::ProposeError::kChangePending:
    case raft::ProposeError::kInvalidChange: break;
  }
  return "TRYAGAIN the leader is changing; nothing was done";
}

}  // namespace

std::string RespErrorOf(const raft::Outcome& outcome) {
  BEACH_CHECK(outcome.fate != raft::Fate::kCommitted);
  switch (outcome.fate) {
    case raft::Fate::kRefused: return ErrorOfRefusal(outcome.error);
    case raft::Fate::kLost: return "TRYAGAIN another leader's log has won; nothing was done";
    case raft::Fate::kCommitted:
    case raft::Fate::kUnknown: break;
  }
  return "UNKNOWN no word of what became of it: it may be done now, later, or never";
}

std::string RespErrorOf(raft::ReadError error) {
  switch (error) {
    case raft::ReadError::kOverloaded: return "BUSY as many reads wait as may";
    case raft::ReadError::kUnanswered: return "TRYAGAIN the leader did not answer";
    case raft::ReadError::kNoLeader: break;
  }
  return "CLUSTERDOWN no leader is known, or it has changed";
}

std::string RespErrorOfStore(const Error& error) {
  return "IOERR this node cannot read it: " + error.message();
}

std::string RespErrorOf(AnswerKind kind) {
  BEACH_CHECK(kind != AnswerKind::kDone && kind != AnswerKind::kOtherwise);
  return "ERR the values to answer are more than 4 MiB; nothing was done";
}

std::string RespErrorOfLostAnswer() {
  return "UNKNOWN it is done, and what was answered is not known here";
}

std::string RespErrorOfPace() {
  return "BUSY this user asks more often than he may; nothing was done";
}

std::string RespErrorOfInvalid(const Error& error) { return "ERR " + error.message(); }

}  // namespace beach::server
