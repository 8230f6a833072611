// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/core.h"

// A leader's side of replication: 3.5, pipelined and in batches as in 10.2.

namespace beach::raft {

Progress* Core::Find(NodeId node) {
  for (Progress& peer : progress_) {
    if (peer.id == node) return &peer;
  }
  return nullptr;
}
const Progress* Core::Find(NodeId node) const {
  for (const Progress& peer : progress_) {
    if (peer.id == node) return &peer;
  }
  return nullptr;
}

void Core::ResetProgress(std::uint64_t now_ns) {
  progress_.clear();
  MatchProgressToMembers(now_ns, log_.last());
  if (Progress* const self = Find(options_.id)) self->Acknowledge(storage_.durable());
}

// The only way by which a leader's log grows.
LogIndex Core::AppendOwn(std::uint64_t now_ns, EntryKind kind, Payload payload) {
  BEACH_CHECK(role_ == Role::kLeader);
  const LogIndex index = log_.last().Next();
  std::optional<Configuration> configuration;
  if (kind == EntryKind::kConfiguration) configuration = DecodeConfiguration(payload.view());
  log_.Append({.term = term_, .index = index, .kind = kind, .payload = std::move(payload)});
  if (configuration) ConfigurationAppended(now_ns, index, std::move(*configuration));
  return index;
}

// All that may go to it now. Entries leave before this node's own disk has them (10.2.1).
void Core::SendAppends(Progress& peer) {
  if (peer.id == options_.id) return;
  while (true) {
    if (peer.state == ProgressState::kSnapshot) return AskForSnapshot(peer);
    const bool paused = peer.Paused();
    if (peer.next <= log_.base()) {  // what comes before the next entry is gone
      if (!paused || peer.ask_again) BeginSnapshot(peer);
      return;
    }
    if (!paused && !peer.load_pending && peer.next <= log_.last()) {
      if (log_.tail().Holds(peer.next)) {
        const LogIndex after = peer.next - 1;
        const LogIndex upto = log_.tail().Fit(after, log_.last(), options_.message_bytes_max);
        std::vector<Entry> entries;
        log_.tail().CopyTo(after, upto, entries);
        SendAppend(peer, std::move(entries), log_.tail().BytesBetween(after, upto));
        continue;
      }
      RequestLoad(peer);
    }
    const bool untold = peer.state == ProgressState::kReplicate && !paused &&
                        peer.sent_commit < std::min(commit_, peer.next - 1);
    if (peer.ask_again || untold) SendAppend(peer, {}, 0);
    return;
  }
}

void Core::SendAppend(Progress& peer, std::vector<Entry>&& entries, std::uint64_t bytes) {
  const LogIndex previous = peer.next - 1;
  const std::optional<Term> previous_term = log_.TermAt(previous);
  BEACH_CHECK(previous_term.has_value());
  const LogIndex last = previous + entries.size();
  peer.Sent(last, bytes);
  peer.ask_again = false;
  peer.sent_commit = std::min(commit_, last);
  Send(peer.id, Append{.previous = previous,
                       .previous_term = *previous_term,
                       .commit = commit_,
                       .entries = std::move(entries)});
}

void Core::RequestLoad(Progress& peer) {
  peer.load_pending = true;
  peer.load_first = peer.next;
  output_.loads.push_back({.peer = peer.id,
                           .first = peer.next,
                           .last = std::min(log_.tail().first() - 1, log_.last()),
                           .bytes_max = options_.message_bytes_max});
}

void Core::Loaded(std::uint64_t, NodeId node, LogIndex first, std::vector<Entry>&& entries) {
  if (role_ != Role::kLeader) return AnswerFetch(node, first, std::move(entries));
  Progress* const peer = Find(node);
  if (peer == nullptr || !peer->load_pending || peer->load_first != first) return;
  peer->load_pending = false;
  if (entries.empty() || peer->next != first || peer->next <= log_.base()) return;
  if (peer->in_flight.Full()) return;  // a question that was asked meanwhile is no reason to wait
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // Read for an earlier leadership, and overwritten since: it is asked for again.
    if (entries[i].index != first + i || !log_.Matches(entries[i].index, entries[i].term)) return;
    bytes += EntrySize(entries[i]);
  }
  SendAppend(*peer, std::move(entries), bytes);
  CheckInvariants();
}

// A round's id and the time of its sending are what reads and leases stand on.
void Core::BroadcastHeartbeat(std::uint64_t now_ns) {
  const RoundId round = rounds_.Begin();
  lease_.RoundSent(round, now_ns);
  for (const Progress& peer : progress_) {
    if (peer.id == options_.id) continue;
    // What lies beyond `match` may differ from this log.
    Send(peer.id, Heartbeat{.round = round, .commit = std::min(peer.match, commit_)});
  }
  ResolveRounds();
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, AppendReply& reply) {
  Progress* const peer = Find(from);
  if (peer == nullptr) return;
  if (!reply.accepted) {
    const LogIndex agree = log_.LastNotAbove(reply.hint.index, reply.hint.term);
    peer->Reject(reply.previous, agree);
    return;
  }
  if (reply.matched > log_.last()) return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
  const bool advances = peer->Acknowledge(reply.matched);
  // What it misses is in the log after all; or it is its state machine, and word of the snapshot
  // that it was sent did not come through: its next heartbeat says whether it wants another.
  if (peer->state == ProgressState::kSnapshot && peer->match >= log_.base() &&
      (peer->snapshot_min == LogIndex{} || peer->snapshot_delivered)) {
    peer->BecomeReplicate();
  }
  if (!advances) return;
  AskToCampaign(*peer);
  AdvanceCommit(now_ns);
}

// An answer, whatever it says, means that messages get through again: what was lost is found out
// by asking once an interval.
void Core::On(std::uint64_t, NodeId from, Term, HeartbeatReply& reply) {
  Progress* const peer = Find(from);
  if (peer == nullptr || reply.round > rounds_.sent()) return;
  if (reply.round < peer->round) return;  // an older word: what it lacks may be there by now
  if (reply.snapshot_min > log_.last()) {
    return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
  }
  if (reply.lost != LogIndex{}) peer->Forget(reply.lost);
  peer->snapshot_min = reply.snapshot_min;
  // Not before there is one: until then its log may be what this node needs to go on.
  if (reply.snapshot_min != LogIndex{} && reply.snapshot_min <= applied_ &&
      peer->state != ProgressState::kSnapshot) {
    BeginSnapshot(*peer);
  }
  peer->round = reply.round;
  if (reply.round >= timed_round_ && peer->asked_round < timed_round_) {
    peer->asked_round = timed_round_;
    peer->probe_sent = false;
    if (peer->match < log_.last() || peer->state != ProgressState::kReplicate) {
      peer->ask_again = true;
    }
  }
  ResolveRounds();
}

}  // namespace beach::raft
