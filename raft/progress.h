// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "raft/ring.h"
#include "raft/types.h"

namespace beach::raft {

// Messages with entries that a follower has not answered, counted and in bytes.
class InFlight {
 public:
  InFlight() = default;
  InFlight(std::uint64_t count_max, std::uint64_t bytes_max)
      : count_max_(count_max), bytes_max_(bytes_max) {}

  // One may always be under way.
  bool Full() const {
    return !messages_.empty() && (messages_.size() >= count_max_ || bytes_ >= bytes_max_);
  }
  // `last`: of the message's entries; it only grows.
  void Add(LogIndex last, std::uint64_t bytes);
  // Those that end at it, or before, have arrived.
  void FreeUpTo(LogIndex index);
  void Clear();

  std::uint64_t count() const { return messages_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Sent {
    LogIndex last;
    std::uint64_t bytes = 0;
  };
  std::uint64_t count_max_ = 1;
  std::uint64_t bytes_max_ = 1;
  std::uint64_t bytes_ = 0;
  Ring<Sent> messages_;
};

enum class ProgressState : std::uint8_t {
  kProbe,      // where the logs part is not known: one message, then wait
  kReplicate,  // messages follow each other without waiting
  kSnapshot,   // the log no longer reaches back so far; nothing is sent until one has arrived
};
const char* ProgressStateName(ProgressState state);

// What a leader knows of one member, itself included. It begins anew with each leadership, and with
// each time that the node becomes a member.
struct Progress {
  Progress() = default;
  Progress(NodeId node, LogIndex last, std::uint64_t now_ns, InFlight window)
      : id(node), next(last.Next()), heard_ns(now_ns), in_flight(std::move(window)) {}

  NodeId id;
  ProgressState state = ProgressState::kProbe;
  // match < next. All up to `match` is durable there and equal; what is sent next begins at `next`.
  LogIndex match;
  LogIndex next;
  LogIndex sent_commit;     // the greatest commit index that it was told
  bool probe_sent = false;  // kProbe: its answer is awaited
  bool ask_again = false;   // something may have been lost: send, if only a question
  bool load_pending = false;
  LogIndex load_first;
  LogIndex snapshot_min;       // 0, or no entry helps it before a snapshot of this index has come
  std::uint64_t heard_ns = 0;  // of it, in this term
  RoundId round;               // of heartbeats, the newest that it answered
  RoundId asked_round;         // in which it was last asked again

  SnapshotId snapshot;      // kSnapshot: its transfer
  LogIndex snapshot_index;  // 0: not pinned yet
  bool snapshot_delivered = false;

  InFlight in_flight;  // kReplicate

  // Whether entries have to wait.
  bool Paused() const;

  void BecomeProbe(LogIndex first);
  void BecomeReplicate();
  void BecomeSnapshot(SnapshotId transfer);

  // All up to `index` is there. False: nothing new.
  bool Acknowledge(LogIndex index);
  // It has no entry equal to that at `previous`; the logs may agree up to `agree`. False: the
  // answer is to a question that was settled since.
  bool Reject(LogIndex previous, LogIndex agree);
  // From there on it has lost what it had.
  void Forget(LogIndex from);
  // A message with entries up to `last` leaves.
  void Sent(LogIndex last, std::uint64_t bytes);

 private:
  void EnterState(ProgressState to);
};

}  // namespace beach::raft
