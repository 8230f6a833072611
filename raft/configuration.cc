// SPDX-License-Identifier: Apache-2.0
#include "raft/configuration.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/coding.h"

namespace beach::raft {
namespace {

constexpr std::uint8_t kEncodingVersion = 1;

using Nodes = std::vector<NodeId>;

bool Contains(const Nodes& nodes, NodeId node) {
  return std::binary_search(nodes.begin(), nodes.end(), node);
}
bool SortedSet(const Nodes& nodes) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i] == NodeId{} || (i > 0 && nodes[i] <= nodes[i - 1])) return false;
  }
  return true;
}
bool Disjoint(const Nodes& left, const Nodes& right) {
  return std::ranges::none_of(left, [&](NodeId node) { return Contains(right, node); });
}
void Insert(Nodes& nodes, NodeId node) {
  const auto at = std::lower_bound(nodes.begin(), nodes.end(), node);
  if (at == nodes.end() || *at != node) nodes.insert(at, node);
}
void Erase(Nodes& nodes, NodeId node) { std::erase(nodes, node); }

// The nodes that are in one of them alone.
std::size_t Difference(const Nodes& left, const Nodes& right) {
  const auto missing = [](const Nodes& of, const Nodes& in) {
    return std::ranges::count_if(of, [&](NodeId node) { return !Contains(in, node); });
  };
  return static_cast<std::size_t>(missing(left, right) + missing(right, left));
}

void Apply(Configuration& to, const Change& change) {
  const bool leaves_later = Contains(to.outgoing, change.node);
  Erase(to.voters, change.node);
  Erase(to.learners, change.node);
  Erase(to.learners_next, change.node);
  switch (change.kind) {
    case ChangeKind::kAddVoter: Insert(to.voters, change.node); return;
    case ChangeKind::kAddLearner:
      Insert(leaves_later ? to.learners_next : to.learners, change.node);
      return;
    case ChangeKind::kRemove: return;
  }
}

ChangeResult Checked(Configuration configuration) {
  if (configuration.voters.empty()) return std::unexpected("no voter would be left");
  if (const auto wrong = Unsound(configuration)) return std::unexpected(*wrong);
  return configuration;
}

void EncodeNodes(Encoder& encoder, const Nodes& nodes) {
  encoder.Varint(nodes.size());
  for (const NodeId node : nodes) encoder.Varint(node.value);
}
Nodes DecodeNodes(Decoder& decoder) {
  Nodes nodes;
  const std::uint64_t count = decoder.Varint();
  for (std::uint64_t i = 0; i < std::min(count, kMembersMax + 1) && decoder.ok(); ++i) {
    nodes.emplace_back(decoder.Varint());
  }
  return nodes;
}

}  // namespace

bool Configuration::IsVoter(NodeId node) const {
  return Contains(voters, node) || Contains(outgoing, node);
}
bool Configuration::IsMember(NodeId node) const {
  return IsVoter(node) || Contains(learners, node);
}

std::optional<const char*> Unsound(const Configuration& configuration) {
  const auto& [voters, outgoing, learners, learners_next, auto_leave] = configuration;
  if (!SortedSet(voters) || !SortedSet(outgoing) || !SortedSet(learners) ||
      !SortedSet(learners_next)) {
    return "a list of nodes is not sorted, or repeats one";
  }
  if (voters.size() > kVotersMax || outgoing.size() > kVotersMax ||
      voters.size() + outgoing.size() + learners.size() > kMembersMax) {
    return "too many members";
  }
  if (!Disjoint(learners, voters) || !Disjoint(learners, outgoing)) return "a learner votes";
  for (const NodeId node : learners_next) {
    if (!Contains(outgoing, node) || Contains(voters, node)) {
      return "a learner to be is no voter that goes";
    }
  }
  if (outgoing.empty() && auto_leave) return "there is no joint configuration to leave";
  if (voters.empty() && !outgoing.empty()) return "no voter would be left";
  return std::nullopt;
}

ChangeResult ChangeSimply(const Configuration& from, std::span<const Change> changes) {
  if (from.joint()) return std::unexpected("the joint configuration has to be left first");
  Configuration to = from;
  for (const Change& change : changes) Apply(to, change);
  if (Difference(from.voters, to.voters) > 1) {
    return std::unexpected("more than one voter changes: enter a joint configuration");
  }
  return Checked(std::move(to));
}

ChangeResult EnterJoint(const Configuration& from, std::span<const Change> changes,
                        bool auto_leave) {
  if (from.joint()) return std::unexpected("the joint configuration has to be left first");
  Configuration to = from;
  to.outgoing = from.voters;
  to.auto_leave = auto_leave;
  for (const Change& change : changes) Apply(to, change);
  return Checked(std::move(to));
}

ChangeResult LeaveJoint(const Configuration& from) {
  if (!from.joint()) return std::unexpected("there is no joint configuration to leave");
  Configuration to = from;
  to.outgoing.clear();
  to.auto_leave = false;
  for (const NodeId node : std::exchange(to.learners_next, {})) Insert(to.learners, node);
  return Checked(std::move(to));
}

Bytes EncodeConfiguration(const Configuration& configuration) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed8(kEncodingVersion);
  encoder.Fixed8(configuration.auto_leave ? 1 : 0);
  EncodeNodes(encoder, configuration.voters);
  EncodeNodes(encoder, configuration.outgoing);
  EncodeNodes(encoder, configuration.learners);
  EncodeNodes(encoder, configuration.learners_next);
  return bytes;
}

std::optional<Configuration> DecodeConfiguration(ByteView bytes) {
  Decoder decoder(bytes);
  const std::uint8_t version = decoder.Fixed8();
  const std::uint8_t flags = decoder.Fixed8();
  Configuration configuration;
  configuration.auto_leave = flags == 1;
  configuration.voters = DecodeNodes(decoder);
  configuration.outgoing = DecodeNodes(decoder);
  configuration.learners = DecodeNodes(decoder);
  configuration.learners_next = DecodeNodes(decoder);
  if (!decoder.done() || version != kEncodingVersion || flags > 1) return std::nullopt;
  if (Unsound(configuration)) return std::nullopt;
  return configuration;
}

ConfigurationHistory::ConfigurationHistory(LogIndex index, Configuration configuration) {
  Reset(index, std::move(configuration));
}

std::size_t ConfigurationHistory::Find(LogIndex index) const {
  std::size_t found = changes_.size() - 1;
  while (found > 0 && changes_[found].index > index) --found;
  return found;
}

const Configuration& ConfigurationHistory::At(LogIndex index) const {
  return changes_[Find(index)].configuration;
}
LogIndex ConfigurationHistory::IndexAt(LogIndex index) const { return changes_[Find(index)].index; }

bool ConfigurationHistory::IsVoterSince(LogIndex index, NodeId node) const {
  return std::any_of(changes_.begin() + static_cast<std::ptrdiff_t>(Find(index)), changes_.end(),
                     [node](const InForce& change) { return change.configuration.IsVoter(node); });
}

void ConfigurationHistory::Append(LogIndex index, Configuration configuration) {
  BEACH_CHECK(index > current_index());
  BEACH_CHECK(!Unsound(configuration));
  changes_.push_back({.index = index, .configuration = std::move(configuration)});
}

void ConfigurationHistory::Insert(LogIndex index, Configuration configuration) {
  BEACH_CHECK(!Unsound(configuration));
  const std::size_t before = Find(index);
  BEACH_CHECK(changes_[before].index < index);
  changes_.insert(changes_.begin() + static_cast<std::ptrdiff_t>(before) + 1,
                  {.index = index, .configuration = std::move(configuration)});
}

bool ConfigurationHistory::TruncateFrom(LogIndex from) {
  bool changed = false;
  while (changes_.size() > 1 && changes_.back().index >= from) {
    changes_.pop_back();
    changed = true;
  }
  BEACH_CHECK(changes_.back().index < from);
  return changed;
}

void ConfigurationHistory::Compact(LogIndex index) {
  changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(Find(index)));
}

bool ConfigurationHistory::Rebase(LogIndex upto, LogIndex index, Configuration configuration) {
  BEACH_CHECK(!Unsound(configuration));
  const LogIndex before = current_index();
  std::erase_if(changes_, [upto](const InForce& change) { return change.index <= upto; });
  changes_.insert(changes_.begin(), {.index = index, .configuration = std::move(configuration)});
  return current_index() != before;
}

void ConfigurationHistory::Reset(LogIndex index, Configuration configuration) {
  BEACH_CHECK(!Unsound(configuration));
  changes_.clear();
  changes_.push_back({.index = index, .configuration = std::move(configuration)});
}

}  // namespace beach::raft
