// SPDX-License-Identifier: Apache-2.0
#include "raft/testing/text.h"

#include <fmt/format.h>

namespace beach::raft::testing {
namespace {

std::string Place(LogIndex index, Term term) {
  return fmt::format("{}/{}", index.value, term.value);
}

std::string List(const std::vector<NodeId>& nodes) {
  std::string text;
  for (const NodeId node : nodes) text += fmt::format(" {}", node.value);
  return text;
}

// Without the life that its node is in.
std::uint64_t Short(SnapshotId id) { return id.value & ((std::uint64_t{1} << 40) - 1); }

struct BodyText {
  std::string operator()(const PreVote& m) const {
    return fmt::format("pre-vote? log ends at {}", Place(m.last.index, m.last.term));
  }
  std::string operator()(const PreVoteReply& m) const {
    return m.granted ? "pre-vote granted" : "pre-vote refused";
  }
  std::string operator()(const RequestVote& m) const {
    return fmt::format("vote? log ends at {}{}", Place(m.last.index, m.last.term),
                       m.transfer ? ", asked to by the leader" : "");
  }
  std::string operator()(const VoteReply& m) const {
    return m.granted ? "vote granted" : "vote refused";
  }
  std::string operator()(const Append& m) const {
    std::string text = fmt::format("append behind {}:", Place(m.previous, m.previous_term));
    if (m.entries.empty()) text += " nothing";
    for (const Entry& entry : m.entries) text += fmt::format(" [{}]", Text(entry));
    return text + fmt::format(", commit {}", m.commit.value);
  }
  std::string operator()(const AppendReply& m) const {
    if (m.accepted) return fmt::format("append accepted, equal up to {}", m.matched.value);
    return fmt::format("append behind {} refused, perhaps equal at {}", m.previous.value,
                       Place(m.hint.index, m.hint.term));
  }
  std::string operator()(const Heartbeat& m) const {
    return fmt::format("heartbeat {}, commit {}", m.round.value, m.commit.value);
  }
  std::string operator()(const HeartbeatReply& m) const {
    std::string text = fmt::format("heartbeat {} answered", m.round.value);
    if (m.lost != LogIndex{}) text += fmt::format(", entry {} is lost", m.lost.value);
    if (m.snapshot_min != LogIndex{}) {
      text += fmt::format(", a snapshot of {} is wanted", m.snapshot_min.value);
    }
    return text;
  }
  std::string operator()(const InstallSnapshot& m) const {
    return fmt::format("snapshot {} of {}, {}", Short(m.id), Place(m.meta.index, m.meta.term),
                       Text(m.meta.configuration));
  }
  std::string operator()(const InstallSnapshotReply& m) const {
    if (m.kind == SnapshotReplyKind::kRefused)
      return fmt::format("snapshot {} refused", Short(m.id));
    return fmt::format("snapshot {}: all up to {} is here", Short(m.id), m.index.value);
  }
  std::string operator()(const TimeoutNow&) const { return "campaign now"; }
  std::string operator()(const ReadForward&) const { return "read?"; }
  std::string operator()(const ReadForwardReply& m) const {
    return m.granted ? fmt::format("read at {}", m.index.value) : "read refused";
  }
  std::string operator()(const ProposeForward& m) const {
    return fmt::format("propose {}", m.payload.view());
  }
  std::string operator()(const ProposeForwardReply& m) const {
    if (m.accepted) return fmt::format("proposed at {}", m.index.value);
    return fmt::format("proposal refused: {}",
                       ProposeErrorName(static_cast<ProposeError>(m.error)));
  }
  std::string operator()(const Fetch& m) const {
    if (m.last == kLogIndexMax) return fmt::format("what is behind {}?", m.first.value - 1);
    return fmt::format("who has {}..{}?", m.first.value, m.last.value);
  }
  std::string operator()(const FetchReply& m) const {
    std::string text = fmt::format("behind {} are", Place(m.previous, m.previous_term));
    for (const Entry& entry : m.entries) text += fmt::format(" [{}]", Text(entry));
    return text;
  }
};

}  // namespace

std::string Text(const Message& message) {
  return fmt::format("{} -> {}  term {}: {}", message.from.value, message.to.value,
                     message.term.value, std::visit(BodyText{}, message.body));
}

std::string Text(const Configuration& configuration) {
  std::string text = "voters" + List(configuration.voters);
  if (configuration.joint()) text += ", outgoing" + List(configuration.outgoing);
  if (!configuration.learners.empty()) text += ", learners" + List(configuration.learners);
  if (!configuration.learners_next.empty()) {
    text += ", learners next" + List(configuration.learners_next);
  }
  return text;
}

std::string Text(const Entry& entry) {
  const std::string place = Place(entry.index, entry.term);
  switch (entry.kind) {
    case EntryKind::kNoOp: return place + " no-op";
    case EntryKind::kConfiguration:
      return place + " " + Text(DecodeConfiguration(entry.payload.view()).value());
    case EntryKind::kLost: return place + " lost";
    case EntryKind::kNormal: break;
  }
  return fmt::format("{} {}", place, entry.payload.view());
}

std::string Text(const Event& event) {
  const char* const reason = ReasonName(event.reason);
  switch (event.kind) {
    case EventKind::kRole:
      return fmt::format("is {} of term {}: {}", RoleName(event.role), event.term.value, reason);
    case EventKind::kTerm: return fmt::format("is in term {}: {}", event.term.value, reason);
    case EventKind::kLeader: return fmt::format("follows {}", event.node.value);
    case EventKind::kVoteGranted: return fmt::format("votes for {}", event.node.value);
    case EventKind::kConfiguration:
      return fmt::format("has the configuration of entry {}", event.index.value);
    case EventKind::kTransferEnded:
      return fmt::format("gives up the transfer to {}: {}", event.node.value, reason);
    case EventKind::kConflict:
      return fmt::format("cuts its log from {} on, for {}'s", event.index.value, event.node.value);
    case EventKind::kSnapshotIgnored:
      return fmt::format("ignores word of another snapshot of {}", event.node.value);
    case EventKind::kFilled: return fmt::format("has entry {} again", event.index.value);
    case EventKind::kHandedOn:
      return fmt::format("has the log of {} up to {}", event.node.value, event.index.value);
    case EventKind::kMessageIgnored:
      return fmt::format("ignores a message of {}", event.node.value);
  }
  return {};
}

std::string StatusLine(NodeId id, const Node& node) {
  if (!node.up()) return fmt::format("{}: down", id.value);
  const Core& core = node.core();
  return fmt::format(
      "{}: {} of term {}, vote {}, leader {}; log {}..{}, durable {}, commit {}, applied {}; {}",
      id.value, RoleName(core.role()), core.term().value, core.vote().value, core.leader().value,
      core.log().base().value + 1, core.log().last().value, core.durable().value,
      core.commit().value, core.applied().value, Text(core.configuration()));
}

std::string ProgressLines(const Node& node) {
  std::string text;
  for (const Progress& peer : node.core().progress()) {
    text += fmt::format("{}: {}, match {}, next {}, in flight {}\n", peer.id.value,
                        ProgressStateName(peer.state), peer.match.value, peer.next.value,
                        peer.in_flight.count());
  }
  return text;
}

}  // namespace beach::raft::testing
