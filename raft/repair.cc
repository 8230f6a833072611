// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "raft/core.h"

// Entries that this node's disk has lost ("Protocol-aware recovery for consensus-based storage",
// FAST 2018, is about the same; what differs is told in docs/raft.md). Their indexes and terms are
// known, and two entries of one index and term are one entry (3.5): so any node that has it may
// give it, leading or not, whether it is committed or not, and nobody has to agree.
//
// While something is lost this node votes as it must, for the end of its log is known; it does not
// campaign; it says that it holds the log up to the first lost entry, and no further. A leader
// sends what is behind that as to any other follower. Without a leader all members are asked.

namespace beach::raft {

void Core::AskForLost() {
  if (log_.whole() || installing_) return;
  const Fetch request{.first = log_.whole_last().Next(), .last = log_.last_lost()};
  const Configuration& members = configuration();
  std::vector<NodeId> asked;
  for (const auto* const list : {&members.voters, &members.outgoing, &members.learners}) {
    for (const NodeId node : *list) {
      if (node == options_.id || std::ranges::find(asked, node) != asked.end()) continue;
      asked.push_back(node);
      Send(node, request);
    }
  }
}

// What of these is lost here, moved out: it was handed out by whoever had it, and here it is as
// good as new, once it is durable. REQUIRES: in order of index, all readable.
void Core::FillFrom(std::vector<Entry>& entries) {
  std::vector<Entry> found;
  for (Entry& entry : entries) {
    if (!log_.Matches(entry.index, entry.term)) break;
    if (log_.IsLost(entry.index)) found.push_back(std::move(entry));
  }
  for (const Entry& entry : found) {
    if (entry.kind == EntryKind::kConfiguration) {
      auto configuration = DecodeConfiguration(entry.payload.view());
      BEACH_CHECK(configuration.has_value());
      configurations_.Insert(entry.index, std::move(*configuration));
      if (configurations_.current_index() == entry.index) {
        Tell(EventKind::kConfiguration, Reason::kNone, NodeId{}, entry.index);
      }
    }
    storage_.Filled(entry.index);
    Tell(EventKind::kFilled, Reason::kNone, NodeId{}, entry.index);
  }
  log_.Fill(std::move(found));
}

// A leader sends what anybody lacks without being asked.
void Core::On(std::uint64_t, NodeId from, Term, Fetch& request) {
  if (role_ == Role::kLeader) return;
  Give(from, std::max(request.first, log_.base().Next()), std::min(request.last, log_.last()));
}

// Some of [first, last], from the first that is not lost on. REQUIRES: of the log.
void Core::Give(NodeId to, LogIndex first, LogIndex last) {
  while (first <= last && log_.IsLost(first)) first = first.Next();
  if (first > last) return;
  if (log_.tail().Holds(first)) {
    const LogIndex lost = log_.FirstLostAbove(first).value_or(last.Next());
    const LogIndex upto =
        log_.tail().Fit(first - 1, std::min(last, lost - 1), options_.message_bytes_max);
    FetchReply reply{
        .previous = first - 1, .previous_term = *log_.TermAt(first - 1), .entries = {}};
    log_.tail().CopyTo(first - 1, upto, reply.entries);
    return Send(to, std::move(reply));
  }
  // One at a time for each node: each load is answered.
  if (std::ranges::find(fetches_, to, &Fetching::node) != fetches_.end()) return;
  if (fetches_.size() == kMembersMax) return;
  fetches_.push_back({.node = to, .first = first});
  output_.loads.push_back({.peer = to,
                           .first = first,
                           .last = std::min(last, log_.tail().first() - 1),
                           .bytes_max = options_.message_bytes_max});
}

void Core::AnswerFetch(NodeId node, LogIndex first, std::vector<Entry>&& entries) {
  const auto asked = std::ranges::find_if(fetches_, [&](const Fetching& fetching) {
    return fetching.node == node && fetching.first == first;
  });
  if (asked == fetches_.end()) return;
  fetches_.erase(asked);
  if (entries.empty()) return;
  BEACH_CHECK(entries.front().index == first);
  // What was dropped or cut while it was read is not said of the log as it is.
  const std::optional<Term> previous_term = log_.TermAt(first - 1);
  const auto is_here = [&](const Entry& entry) { return log_.Matches(entry.index, entry.term); };
  if (!previous_term || !std::ranges::all_of(entries, is_here)) return;
  Send(node,
       FetchReply{
           .previous = first - 1, .previous_term = *previous_term, .entries = std::move(entries)});
}

// A candidate whose log is older than this node's, which may not campaign, has no vote from here
// and nobody to follow: it gets what it lacks instead, and asks again.
void Core::HandOn(NodeId candidate, LogEnd end) {
  if (MayCampaign() || installing_ || leader_ != NodeId{} || log_.IsUpToDate(end)) return;
  const LogIndex agree = log_.LastNotAbove(std::min(end.index, log_.last()), end.term);
  if (agree >= log_.base()) Give(candidate, agree.Next(), log_.last());
}

// Whether the entries may take the place of what is behind `previous`: a log that goes on where
// this one ends, or one with an entry of a later term than any here. The leader of that term was
// elected without what this node has there, so that is not committed (3.6.3), nor will be by what
// this node has acknowledged so far. Nothing is acknowledged by it either.
bool Core::MayTakeOver(const FetchReply& reply) const {
  if (role_ == Role::kLeader || leader_ != NodeId{} || !MayCampaign()) return false;
  if (reply.entries.empty() || reply.previous < commit_) return false;
  if (!log_.Matches(reply.previous, reply.previous_term)) return false;
  Term term = reply.previous_term;
  for (const Entry& entry : reply.entries) {
    if (entry.term < term || entry.term > term_) return false;
    term = entry.term;
  }
  return reply.previous == log_.last() || term > log_.end().term;
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, FetchReply& reply) {
  if (installing_) return;  // a snapshot is taking the log's place
  LogIndex index = reply.previous;
  for (const Entry& entry : reply.entries) {
    index = index.Next();
    const bool readable = entry.kind != EntryKind::kConfiguration ||
                          DecodeConfiguration(entry.payload.view()).has_value();
    if (entry.index != index || entry.kind == EntryKind::kLost || !readable) {
      return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
    }
  }
  if (reply.entries.empty()) return;
  FillFrom(reply.entries);
  // What is behind, as long as this node has something to say.
  if (const std::optional<LogIndex> next = log_.FirstLostAbove(index)) {
    return Send(from, Fetch{.first = *next, .last = log_.last_lost()});
  }
  if (!MayTakeOver(reply)) return;
  if (role_ != Role::kFollower) BecomeFollower(now_ns, term_, NodeId{}, Reason::kVotesRefused);
  // A leader of this term may be alive, and count on what was acknowledged to it: a new term ends
  // that, durably before anything is cut.
  const bool cuts = std::ranges::any_of(reply.entries, [&](const Entry& entry) {
    return entry.index <= log_.last() && !log_.Matches(entry.index, entry.term);
  });
  if (cuts) {
    SetTerm(term_.Next(), NodeId{});
    Tell(EventKind::kTerm, Reason::kVotesRefused);
  }
  if (!Merge(now_ns, from, reply.entries)) return;
  Tell(EventKind::kHandedOn, Reason::kNone, from, log_.last());
  Send(from, Fetch{.first = log_.last().Next(), .last = kLogIndexMax});
}

}  // namespace beach::raft
