// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/core.h"

// A follower's side of replication: 3.5.

namespace beach::raft {

// Bytes from another node: in order, of terms that can be, and readable where this node must.
bool Core::WellFormed(const Append& request, Term term) const {
  LogIndex index = request.previous;
  Term last_term = request.previous_term;
  for (const Entry& entry : request.entries) {
    index = index.Next();
    if (entry.index != index || entry.term < last_term || entry.term > term) return false;
    last_term = entry.term;
    if (entry.kind == EntryKind::kConfiguration && !DecodeConfiguration(entry.payload.view())) {
      return false;
    }
  }
  return last_term <= term;
}

void Core::On(std::uint64_t now_ns, NodeId from, Term term, Append& request) {
  if (!FollowLeader(now_ns, from)) return;
  if (!WellFormed(request, term)) return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
  if (installing_) return;  // a snapshot is taking the log's place
  if (request.previous < log_.base()) {
    // What is gone here is committed, and every leader has it: all up to `commit_` is equal.
    const LogIndex held = std::min(commit_, log_.whole_last());
    return Send(from, AppendReply{.accepted = true, .matched = held, .previous = {}, .hint = {}},
                storage_.AfterEntry(held));
  }
  // Behind what is lost nothing is held: the leader goes back to there, and sends it anew.
  if (request.previous > log_.whole_last() ||
      !log_.Matches(request.previous, request.previous_term)) {
    return Refuse(from, request);
  }
  // The last index that *this* request has shown to be equal: the log may go on, and differ.
  const LogIndex matched = request.previous + request.entries.size();
  if (!Merge(now_ns, from, request.entries)) return;
  const LogIndex commit = std::min(request.commit, matched);
  if (commit > commit_) CommitTo(commit);
  Send(from, AppendReply{.accepted = true, .matched = matched, .previous = {}, .hint = {}},
       storage_.AfterEntry(matched));
}

// Only what differs is cut: a late message with fewer entries takes nothing away. False: the
// message contradicts what is committed, and cannot be a leader's.
bool Core::Merge(std::uint64_t now_ns, NodeId from, std::vector<Entry>& entries) {
  FillFrom(entries);
  for (Entry& entry : entries) {
    if (entry.index <= log_.last()) {
      if (log_.Matches(entry.index, entry.term)) continue;
      if (entry.index <= commit_) {
        Tell(EventKind::kMessageIgnored, Reason::kNone, from, entry.index);
        return false;
      }
      Truncate(from, entry.index);
    }
    const LogIndex index = entry.index;
    std::optional<Configuration> configuration;
    if (entry.kind == EntryKind::kConfiguration) {
      configuration = DecodeConfiguration(entry.payload.view());
    }
    log_.Append(std::move(entry));
    if (configuration) ConfigurationAppended(now_ns, index, std::move(*configuration));
  }
  return true;
}

// Log, storage and configuration lose it together.
void Core::Truncate(NodeId leader, LogIndex from) {
  BEACH_CHECK(from > commit_);
  BEACH_CHECK(role_ == Role::kFollower);
  Tell(EventKind::kConflict, Reason::kNone, leader, from);
  log_.TruncateFrom(from);
  storage_.Truncated(from);
  if (configurations_.TruncateFrom(from)) {
    Tell(EventKind::kConfiguration, Reason::kNone, NodeId{}, configurations_.current_index());
  }
}

// 3.5's hint, by terms on both sides: all entries of a term above the request's differ, so the
// leader need not try them one by one.
void Core::Refuse(NodeId from, const Append& request) {
  const LogIndex last = std::min(request.previous, log_.whole_last());
  const LogIndex agree = log_.LastNotAbove(last, request.previous_term);
  Send(from, AppendReply{.accepted = false,
                         .matched = {},
                         .previous = request.previous,
                         .hint = {.index = agree, .term = log_.TermAt(agree).value_or(Term{})}});
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, Heartbeat& request) {
  if (!FollowLeader(now_ns, from)) return;
  const LogIndex commit = std::min(request.commit, log_.last());
  if (commit > commit_ && !installing_) CommitTo(commit);
  Send(from, HeartbeatReply{.round = request.round,
                            .lost = log_.FirstLostAbove(log_.base()).value_or(LogIndex{}),
                            .snapshot_min = state_lost_ ? log_.base() : LogIndex{}});
}

}  // namespace beach::raft
