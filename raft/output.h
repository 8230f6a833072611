// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "raft/message.h"
#include "raft/types.h"

// What a core asks of its driver, and tells it.

namespace beach::raft {

// To be made durable in this order: the hard state, the fills, the cut, the entries; a crash may
// leave any first part of that. Ids grow by one; storage may write several at once, but what it
// reports as persisted holds of all ids up to there.
struct Persist {
  PersistId id;  // 0: there is nothing to persist
  std::optional<HardState> hard_state;
  std::vector<Entry> fills = {};  // in place of lost ones of the same index and term; indexes grow
  LogIndex truncate_from;         // 0: nothing is cut; else entries from here on are void
  std::vector<Entry> entries;
};

// In place of the log, in one step that a crash leaves either undone or done: the snapshot that was
// received, its index as the log's base, and the entries behind it kept or not. Comes behind what
// the same output persists; what was handed out to be applied before is void, applied or not.
struct LogReplacement {
  SnapshotId install;  // what SnapshotInstalled has to name
  NodeId from;         // who sent the snapshot, under which id
  SnapshotId transfer;
  SnapshotMeta meta;
  bool keep_suffix = false;  // the log matches the snapshot: entries above its index stay
};

// The answer is Core::Loaded, if only with what is there.
struct LoadRequest {
  NodeId peer;
  LogIndex first;
  LogIndex last;
  std::uint64_t bytes_max = 0;
};

// A snapshot of at least `index` is to go to the peer: SnapshotPinned, then SnapshotSent or
// SnapshotFailed.
struct SnapshotToSend {
  NodeId peer;
  SnapshotId id;
  LogIndex index_min;
};

// Bytes of this transfer may be taken, and of no other. SnapshotReceived once all are durable.
struct SnapshotToReceive {
  NodeId from;
  SnapshotId id;
  SnapshotMeta meta;
};

enum class ReadError : std::uint8_t {
  kNoLeader,    // none is known, or it changed before it answered
  kOverloaded,  // as many wait as may
  kUnanswered,  // the leader did not answer
};
struct ReadAnswer {
  ReadContext context;
  LogIndex index;                  // applied up to here, at least
  std::optional<ReadError> error;  // a read may always be tried again
};

enum class ProposeError : std::uint8_t {
  kNotLeader = 1,      // and no leader is known that it could be forwarded to
  kOverloaded = 2,     // as much is under way as may be
  kTransferring = 3,   // leadership is being handed over
  kTooLarge = 4,       // larger than any entry may be
  kChangePending = 5,  // another change of configuration is under way
  kNotReady = 6,       // the leader has committed nothing in its term yet
  kInvalidChange = 7,  // the change makes no configuration
};
// Whether the same may be proposed again, to whomever, and be applied once. True of all: they are
// said before anything is in a log.
constexpr bool RetryIsSafe(ProposeError) { return true; }
// Whether it could do better without a change.
constexpr bool RetryMayHelp(ProposeError error) {
  return error != ProposeError::kTooLarge && error != ProposeError::kInvalidChange;
}
const char* ProposeErrorName(ProposeError error);

enum class Fate : std::uint8_t {
  kCommitted,  // at `index`, for good
  kLost,       // another entry is committed in its place: it will never be applied
  kRefused,    // by the leader, with `error`: it is in no log
  kUnknown,    // it may be applied at any later time, or never: a retry needs a session
};
constexpr bool RetryIsSafe(Fate fate) { return fate == Fate::kLost || fate == Fate::kRefused; }
struct ProposalFate {
  RequestId request;
  Fate fate = Fate::kUnknown;
  LogIndex index = {};
  Term term = {};
  ProposeError error{};  // of a refused one
};

// Where a proposal went. At index 0: to the leader.
struct Proposed {
  Term term;
  LogIndex index;
};

enum class EventKind : std::uint8_t {
  kRole,             // the node's role changed
  kTerm,             // a higher term was adopted
  kLeader,           // `node` leads, as far as is known
  kVoteGranted,      // to `node`
  kConfiguration,    // another one is in force, of `index`
  kTransferEnded,    // of leadership to `node`
  kConflict,         // entries from `index` on were cut: `node` leads another log
  kSnapshotIgnored,  // word of a snapshot that nobody waits for
  kFilled,           // the entry of `index` was lost, and is there again
  kHandedOn,         // the log goes up to `index` now: `node` has it, and cannot lead
  kMessageIgnored,   // from `node`: of another cluster, malformed, or impossible
};
enum class Reason : std::uint8_t {
  kNone,
  kStarted,
  kElectionTimeout,  // no leader was heard of
  kPreVotesGranted,
  kVotesGranted,
  kVotesRefused,  // no majority can be won any more
  kHigherTerm,
  kLeaderHeard,
  kQuorumSilent,     // a leader heard of no majority for T (6.2)
  kRemoved,          // a leader is no voter of the committed configuration
  kAskedToCampaign,  // by the leader (3.10)
  kTimedOut,
  kDone,
};
struct Event {
  EventKind kind{};
  Reason reason = Reason::kNone;
  Role role{};
  Term term;
  NodeId node;
  LogIndex index;
};
const char* ReasonName(Reason reason);

// A caller keeps one and hands it in again: its memory is used again.
struct Output {
  Persist persist;
  std::optional<LogReplacement> replace_log;
  std::vector<Message> messages;  // may leave at once: what they say is durable
  std::vector<Entry> apply;       // committed and durable, in order
  std::vector<ReadAnswer> reads;
  std::vector<ProposalFate> fates;
  std::vector<LoadRequest> loads;
  std::vector<SnapshotToSend> snapshots_to_send;
  std::optional<SnapshotToReceive> snapshot_to_receive;
  std::vector<Event> events;

  void Clear();
};
// Of each member alone: to move whole outputs three times costs more than to fill one.
void Swap(Output& one, Output& other);

}  // namespace beach::raft
