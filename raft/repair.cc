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

// It was handed out by whoever had it; here it is as good as new, once it is durable.
void Core::Fill(Entry&& entry) {
  const LogIndex index = entry.index;
  if (entry.kind == EntryKind::kConfiguration) {
    auto configuration = DecodeConfiguration(entry.payload.view());
    BEACH_CHECK(configuration.has_value());
    configurations_.Insert(index, std::move(*configuration));
    if (configurations_.current_index() == index) {
      Tell(EventKind::kConfiguration, Reason::kNone, NodeId{}, index);
    }
  }
  log_.Fill(std::move(entry));
  storage_.Filled(index);
  Tell(EventKind::kFilled, Reason::kNone, NodeId{}, index);
}

// A leader sends what anybody lacks without being asked.
void Core::On(std::uint64_t, NodeId from, Term, Fetch& request) {
  if (role_ == Role::kLeader) return;
  LogIndex first = std::max(request.first, log_.base().Next());
  const LogIndex last = std::min(request.last, log_.last());
  while (first <= last && log_.IsLost(first)) first = first.Next();
  if (first > last) return;
  if (log_.tail().Holds(first)) {
    const LogIndex lost = log_.FirstLostAbove(first).value_or(last.Next());
    const LogIndex upto =
        log_.tail().Fit(first - 1, std::min(last, lost - 1), options_.message_bytes_max);
    std::vector<Entry> entries;
    log_.tail().CopyTo(first - 1, upto, entries);
    return Send(from, FetchReply{.previous = first - 1, .entries = std::move(entries)});
  }
  // One at a time for each node: each load is answered.
  if (std::ranges::find(fetches_, from, &Fetching::node) != fetches_.end()) return;
  if (fetches_.size() == kMembersMax) return;
  fetches_.push_back({.node = from, .first = first});
  output_.loads.push_back({.peer = from,
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
  Send(node, FetchReply{.previous = first - 1, .entries = std::move(entries)});
}

void Core::On(std::uint64_t, NodeId from, Term, FetchReply& reply) {
  if (installing_) return;  // a snapshot is taking the log's place
  LogIndex index = reply.previous;
  for (Entry& entry : reply.entries) {
    index = index.Next();
    const bool readable = entry.kind != EntryKind::kConfiguration ||
                          DecodeConfiguration(entry.payload.view()).has_value();
    if (entry.index != index || entry.kind == EntryKind::kLost || !readable) {
      return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
    }
    if (log_.IsLost(index) && log_.Matches(index, entry.term)) Fill(std::move(entry));
  }
  if (reply.entries.empty()) return;
  // What is behind, as long as this node has something to say.
  if (const std::optional<LogIndex> next = log_.FirstLostAbove(index)) {
    Send(from, Fetch{.first = *next, .last = log_.last_lost()});
  }
}

}  // namespace beach::raft
