// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/core.h"

// Snapshots: chapter 5. A leader sends one to who needs entries that it no longer has. A follower
// puts one in the place of its log, and counts nothing of it before all of it is durable.

namespace beach::raft {

// --- The leader.

void Core::BeginSnapshot(Progress& peer) {
  last_snapshot_ = last_snapshot_.Next();
  peer.BecomeSnapshot(last_snapshot_);
  peer.ask_again = false;
  output_.snapshots_to_send.push_back({.peer = peer.id,
                                       .id = last_snapshot_,
                                       .index_min = std::max(log_.base(), peer.snapshot_min)});
}

// Ids are never reused, not by a later leadership either: word of another transfer is not of this.
Progress* Core::AwaitsSnapshot(NodeId node, SnapshotId id) {
  Progress* const peer = Find(node);
  if (peer != nullptr && peer->state == ProgressState::kSnapshot && peer->snapshot == id) {
    return peer;
  }
  Tell(EventKind::kSnapshotIgnored, Reason::kNone, node);
  return nullptr;
}

void Core::SnapshotPinned(std::uint64_t, NodeId node, SnapshotId id, const SnapshotMeta& meta) {
  Progress* const peer = AwaitsSnapshot(node, id);
  if (peer == nullptr) return;
  BEACH_CHECK(meta.index <= applied_);
  peer->snapshot_index = meta.index;
  Send(node, InstallSnapshot{.id = id, .meta = meta});
}

void Core::SnapshotSent(NodeId node, SnapshotId id) {
  if (Progress* const peer = AwaitsSnapshot(node, id)) peer->snapshot_delivered = true;
}

// Tried again once the peer has answered a heartbeat.
void Core::SnapshotFailed(NodeId node, SnapshotId id) {
  Progress* const peer = AwaitsSnapshot(node, id);
  if (peer == nullptr) return;
  peer->BecomeProbe(peer->match.Next());
  peer->probe_sent = true;
}

// The answer to the begin of a transfer may have been lost: once all is there, whether the follower
// has installed it is asked like any other entry.
void Core::AskForSnapshot(Progress& peer) {
  if (!peer.ask_again) return;
  peer.ask_again = false;
  if (!peer.snapshot_delivered) return;
  const std::optional<Term> term = log_.TermAt(peer.snapshot_index);
  if (!term) return peer.BecomeProbe(peer.match.Next());  // it would need a newer one by now
  Send(peer.id, Append{.previous = peer.snapshot_index,
                       .previous_term = *term,
                       .commit = commit_,
                       .entries = {}});
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, InstallSnapshotReply& reply) {
  Progress* const peer = AwaitsSnapshot(from, reply.id);
  if (peer == nullptr) return;
  if (reply.kind == SnapshotReplyKind::kRefused) return SnapshotFailed(from, reply.id);
  if (reply.index > log_.last()) return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
  peer->BecomeProbe(std::max(reply.index, peer->match).Next());
  if (peer->Acknowledge(reply.index)) AdvanceCommit(now_ns);
}

// --- The follower.

// All that the snapshot holds is here. Not where the state machine is lost: then any helps that
// the log goes on from; nor where an entry of it is.
bool Core::IsHeld(const SnapshotMeta& meta) const {
  if (state_lost_ && meta.index >= log_.base()) return false;
  return meta.index <= commit_ && meta.index <= log_.whole_last();
}

void Core::AnswerSnapshot(NodeId to, SnapshotId id, SnapshotReplyKind kind, LogIndex index) {
  Send(to, InstallSnapshotReply{.id = id, .kind = kind, .index = index},
       storage_.AfterEntry(index));
}

void Core::On(std::uint64_t now_ns, NodeId from, Term term, InstallSnapshot& request) {
  if (!FollowLeader(now_ns, from)) return;
  const SnapshotMeta& meta = request.meta;
  if (meta.index == LogIndex{} || meta.index > kSaidIndexMax || meta.term > term ||
      meta.configuration_index > meta.index || Unsound(meta.configuration)) {
    return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
  }
  if (installing_) {
    return AnswerSnapshot(from, request.id, SnapshotReplyKind::kRefused, LogIndex{});
  }
  // All that it holds is in the log already: what is there stays there.
  if (meta.index > commit_ && log_.Matches(meta.index, meta.term)) CommitTo(meta.index);
  if (IsHeld(meta)) {
    const LogIndex held = std::min(commit_, log_.whole_last());
    return AnswerSnapshot(from, request.id, SnapshotReplyKind::kHeld, held);
  }
  if (meta.index <= commit_ && !log_.Matches(meta.index, meta.term)) {  // not of this cluster
    return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
  }
  if (receiving_ && receiving_->from == from && receiving_->term == term &&
      receiving_->id == request.id) {
    return;  // the message came twice
  }
  receiving_ = {.from = from, .term = term, .id = request.id, .meta = std::move(request.meta)};
  output_.snapshot_to_receive = {.from = from, .id = receiving_->id, .meta = receiving_->meta};
}

bool Core::SnapshotReceived(std::uint64_t now_ns, NodeId from, SnapshotId id) {
  if (!receiving_ || receiving_->from != from || receiving_->id != id || installing_) {
    Tell(EventKind::kSnapshotIgnored, Reason::kNone, from);
    return false;
  }
  const Receiving received = std::move(*std::exchange(receiving_, std::nullopt));
  output_.snapshot_to_receive.reset();
  if (IsHeld(received.meta)) {  // the log was faster
    AnswerSnapshot(from, id, SnapshotReplyKind::kHeld, std::min(commit_, log_.whole_last()));
    return false;
  }
  if (received.meta.index <= commit_ && !log_.Matches(received.meta.index, received.meta.term)) {
    Tell(EventKind::kSnapshotIgnored, Reason::kNone, from);  // not of this cluster
    return false;
  }
  if (role_ != Role::kFollower) BecomeFollower(now_ns, term_, NodeId{}, Reason::kNone);
  last_install_ = last_install_.Next();
  installing_ = LogReplacement{
      .install = last_install_,
      .from = from,
      .transfer = id,
      .meta = received.meta,
      // Entries behind it may be acknowledged: they stay where the logs agree (figure 5.3, step 6).
      // Elsewhere all of the log contradicts what is committed, or is shorter.
      .keep_suffix = log_.Matches(received.meta.index, received.meta.term)};
  output_.replace_log = *installing_;
  CheckInvariants();
  return true;
}

void Core::SnapshotReceiveFailed(std::uint64_t, NodeId from, SnapshotId id) {
  if (!receiving_ || receiving_->from != from || receiving_->id != id) return;
  receiving_.reset();
  AnswerSnapshot(from, id, SnapshotReplyKind::kRefused, LogIndex{});
}

void Core::SnapshotInstalled(std::uint64_t, SnapshotId install) {
  BEACH_CHECK(installing_.has_value());
  BEACH_CHECK_EQ(installing_->install.value, install.value);
  const LogReplacement done = std::move(*std::exchange(installing_, std::nullopt));
  const SnapshotMeta& meta = done.meta;
  if (done.keep_suffix) {
    BEACH_CHECK(log_.Matches(meta.index, meta.term));
    log_.Compact(meta.index);
    storage_.Raise(meta.index);
    // Who had lost entries, or all, may have known of none of them.
    if (configurations_.Rebase(meta.index, meta.configuration_index, meta.configuration)) {
      Tell(EventKind::kConfiguration, Reason::kNone, NodeId{}, configurations_.current_index());
    }
  } else {
    BEACH_CHECK(commit_ <= meta.index);
    log_.Reset(meta.index, meta.term);
    storage_.Reset(meta.index);
    configurations_.Reset(meta.configuration_index, meta.configuration);
    Tell(EventKind::kConfiguration, Reason::kNone, NodeId{}, meta.configuration_index);
  }
  state_lost_ = false;
  handed_ = applied_ = meta.index;
  if (meta.index > commit_) CommitTo(meta.index);
  GrantApplied();
  AnswerSnapshot(done.from, done.transfer, SnapshotReplyKind::kHeld, meta.index);
  CheckInvariants();
}

}  // namespace beach::raft
