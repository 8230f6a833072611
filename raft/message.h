// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "raft/configuration.h"
#include "raft/types.h"

// What nodes say to each other. `Message::term` is the sender's term in all of them, so one rule
// serves all: a higher one is adopted (3.3). Messages may be lost, repeated, late and out of order.

namespace beach::raft {

// Of the last entry of a candidate's log.
struct LogEnd {
  LogIndex index;
  Term term;
};

// "Would you vote for me in the next term?" (9.6)
struct PreVote {
  RoundId round;  // comes back in the reply: one of an older round is no answer to a later
  LogEnd last;
};
struct PreVoteReply {
  RoundId round;
  bool granted = false;
};

struct RequestVote {
  LogEnd last;
  bool transfer = false;  // the leader asked for it: a live leader is no reason to refuse (3.10)
};
struct VoteReply {
  bool granted = false;
};

// Entries behind (previous, previous_term); without any, a question whether that one is there.
struct Append {
  LogIndex previous;
  Term previous_term;
  LogIndex commit;  // the leader's
  std::vector<Entry> entries;
};
struct AppendReply {
  bool accepted = false;
  LogIndex matched;   // accepted: the last index that this request showed to be equal, and durable
  LogIndex previous;  // refused: of the request
  LogEnd hint;  // refused: the follower's last entry of a term that is not above the request's
};

struct Heartbeat {
  RoundId round;
  LogIndex commit;  // never above what the follower is known to hold
};
struct HeartbeatReply {
  RoundId round;
  // 0, or the first entry whose bytes its disk has lost: what it acknowledged from there on does
  // not count.
  LogIndex lost = {};
  // 0, or it has lost its state machine: a snapshot of at least this index has to come.
  LogIndex snapshot_min = {};
};

// What a snapshot stands for: all of the log up to `index`.
struct SnapshotMeta {
  LogIndex index;
  Term term;
  LogIndex configuration_index;
  Configuration configuration;
};

// The begin of a snapshot's transfer; its bytes take their own way.
struct InstallSnapshot {
  SnapshotId id;  // of the leader: comes back in replies
  SnapshotMeta meta;
};
enum class SnapshotReplyKind : std::uint8_t {
  kHeld,     // the follower holds durably all up to `index`, installed or from before
  kRefused,  // it could not take it
};
struct InstallSnapshotReply {
  SnapshotId id;
  SnapshotReplyKind kind = SnapshotReplyKind::kHeld;
  LogIndex index;
};

// "Campaign at once" (3.10).
struct TimeoutNow {};

struct ReadForward {
  ForwardId id;
};
struct ReadForwardReply {
  ForwardId id;
  bool granted = false;
  LogIndex index;  // the read sees all applied up to here
};

struct ProposeForward {
  ForwardId id;
  Payload payload;
};
struct ProposeForwardReply {
  ForwardId id;
  bool accepted = false;   // in the log of the leader of `Message::term`
  LogIndex index;          // accepted: there
  std::uint8_t error = 0;  // else a ProposeError
};

// "Who has them?": entries of [first, last] are lost here, or those behind its log. Asked and
// answered in any term, and of nobody in particular: an entry of one index and term is the same
// wherever it is.
struct Fetch {
  LogIndex first;
  LogIndex last;
};
// Entries behind (previous, previous_term), as the log of who sends it has them.
struct FetchReply {
  LogIndex previous;
  Term previous_term;
  std::vector<Entry> entries;
};

using Body =
    std::variant<Append, AppendReply, Heartbeat, HeartbeatReply, PreVote, PreVoteReply, RequestVote,
                 VoteReply, InstallSnapshot, InstallSnapshotReply, TimeoutNow, ReadForward,
                 ReadForwardReply, ProposeForward, ProposeForwardReply, Fetch, FetchReply>;

struct Message {
  ClusterId cluster;
  NodeId from;
  NodeId to;
  Term term;
  Body body;
};

}  // namespace beach::raft
