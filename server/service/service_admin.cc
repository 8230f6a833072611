// SPDX-License-Identifier: Apache-2.0
// What operators order, and what they are told about the node.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/variant.h"
#include "env/marks.h"
#include "server/service/failures.h"
#include "server/service/service.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
// How often it is looked whether what was ordered has ended, and for how long where the client sets
// no deadline.
constexpr std::uint64_t kLookNs = 10 * kNsPerMs;
constexpr std::uint64_t kLooksMax = 1000;

wire::NodeNumber NumberOf(raft::NodeId id) { return wire::NodeNumber(id.value); }
raft::NodeId NodeOf(wire::NodeNumber number) { return raft::NodeId(number.value); }

template <class Left, class Right>
constexpr bool Same(Left left, Right right) {
  return static_cast<int>(left) == static_cast<int>(right);
}
static_assert(Same(raft::Role::kFollower, NodeRole::kFollower));
static_assert(Same(raft::Role::kPreCandidate, NodeRole::kPreCandidate));
static_assert(Same(raft::Role::kCandidate, NodeRole::kCandidate));
static_assert(Same(raft::Role::kLeader, NodeRole::kLeader));
static_assert(Same(raft::ChangeKind::kAddVoter, MemberChangeKind::kAddVoter));
static_assert(Same(raft::ChangeKind::kAddLearner, MemberChangeKind::kAddLearner));
static_assert(Same(raft::ChangeKind::kRemove, MemberChangeKind::kRemove));
static_assert(raft::kMembersMax + kAddressesMax <= kNodesMax);

bool Has(const std::vector<raft::NodeId>& nodes, raft::NodeId node) {
  return std::ranges::binary_search(nodes, node);
}

std::uint8_t MembershipOf(const raft::Configuration& configuration, raft::NodeId node) {
  unsigned membership = 0;
  if (Has(configuration.voters, node)) membership |= kVoter;
  if (Has(configuration.outgoing, node)) membership |= kOutgoingVoter;
  if (Has(configuration.learners, node)) membership |= kLearner;
  if (Has(configuration.learners_next, node)) membership |= kLearnerNext;
  return static_cast<std::uint8_t>(membership);
}

bool IsSettled(const NodeView& view, raft::LogIndex commit) {
  return view.configuration_index <= commit && !view.configuration.joint();
}

bool IsMade(const raft::Configuration& configuration, const raft::Change& change) {
  switch (change.kind) {
    case raft::ChangeKind::kAddVoter: return Has(configuration.voters, change.node);
    case raft::ChangeKind::kAddLearner: return Has(configuration.learners, change.node);
    case raft::ChangeKind::kRemove: return !configuration.IsMember(change.node);
  }
  return false;
}

}  // namespace

std::vector<raft::Change> Service::ChangesOf(CallId id) const {
  const Call& call = calls_.at(id);
  const Result<Request> request = DecodeRequest(call.type, call.payload);
  BEACH_CHECK(request.has_value());  // it was when it came
  std::vector<raft::Change> changes;
  for (const MemberChange& change : As<ChangeRequest>(*request).changes) {
    changes.push_back(
        {.kind = static_cast<raft::ChangeKind>(change.kind), .node = NodeOf(change.node)});
  }
  return changes;
}

void Service::BeginChange(CallId id, const ChangeRequest& request) {
  if (parts_.admin == nullptr) return Finish(id, FailureOfStore("this node takes no orders"));
  if (replica_.role() != raft::Role::kLeader) return Finish(id, FailureOfNotLeader());
  // Whom nobody finds is told nothing, and a voter that is told nothing is one that is missing.
  for (const MemberChange& change : request.changes) {
    if (change.kind == MemberChangeKind::kRemove || addresses_.contains(change.node)) continue;
    return Finish(id, FailureOfInvalid("no address is known of a node that is to be added"));
  }
  Call& call = calls_.at(id);
  call.maybe_done = true;
  const std::uint64_t bytes = call.payload.size();
  TakeWork(bytes);
  const std::vector<raft::Change> changes = ChangesOf(id);
  parts_.admin->Change(changes, request.joint, [this, id, bytes](const raft::Outcome& outcome) {
    GiveWork(bytes);
    if (calls_.contains(id)) Changed(id, outcome);
  });
}

void Service::Changed(CallId id, const raft::Outcome& outcome) {
  if (outcome.fate == raft::Fate::kCommitted) return AwaitChange(id);
  if (outcome.fate != raft::Fate::kRefused) return Finish(id, FailureOf(outcome));
  calls_.at(id).maybe_done = false;
  if (outcome.error == raft::ProposeError::kNotLeader) return Finish(id, FailureOfNotLeader());
  if (outcome.error == raft::ProposeError::kInvalidChange) return ConfirmChange(id);
  Finish(id, FailureOf(outcome));
}

// It changes nothing, or makes no sense. Which of the two is said as of now: another may lead.
void Service::ConfirmChange(CallId id) {
  TakeWork(0);
  replica_.Read(raft::ReadMode::kRound, [this, id](std::optional<raft::ReadError> error) {
    GiveWork(0);
    if (!calls_.contains(id)) return;
    if (error) return Finish(id, FailureOf(*error));
    const NodeView view = parts_.admin->View();
    const bool made = std::ranges::all_of(ChangesOf(id), [&](const raft::Change& change) {
      return IsMade(view.configuration, change);
    });
    BEACH_SOMETIMES("service.change_is_made_already", made);
    if (!made || !IsSettled(view, replica_.commit())) {
      return Finish(id, FailureOfInvalid("the change makes no configuration"));
    }
    Finish(id, ChangeReply{.leader = {}, .index = view.configuration_index.value});
  });
}

// Its entry is committed: what is left is that a joint configuration ends, and what was ordered
// meanwhile with it.
void Service::AwaitChange(CallId id) {
  const NodeView view = parts_.admin->View();
  if (IsSettled(view, replica_.commit())) {
    return Finish(id, ChangeReply{.leader = {}, .index = view.configuration_index.value});
  }
  if (replica_.role() != raft::Role::kLeader) {
    return Finish(id, FailureOf(raft::Outcome{
                          .fate = raft::Fate::kUnknown, .error = {}, .index = {}, .answer = {}}));
  }
  LookAgain(id, &Service::AwaitChange);
}

void Service::BeginTransfer(CallId id, const TransferRequest& request) {
  if (parts_.admin == nullptr) return Finish(id, FailureOfStore("this node takes no orders"));
  if (replica_.role() != raft::Role::kLeader) return Finish(id, FailureOfNotLeader());
  const raft::NodeId target = NodeOf(request.target);
  if (target == replica_.id()) return Finish(id, TransferReply{});
  const auto begun = parts_.admin->Transfer(target);
  if (!begun) return Finish(id, FailureOf(begun.error()));
  calls_.at(id).maybe_done = true;
  LookAgain(id, &Service::AwaitTransfer);
}

void Service::AwaitTransfer(CallId id) {
  const Call& call = calls_.at(id);
  const Result<Request> request = DecodeRequest(call.type, call.payload);
  BEACH_CHECK(request.has_value());
  const raft::NodeId target = NodeOf(As<TransferRequest>(*request).target);
  const raft::NodeId leader = replica_.leader();
  if (leader == target) return Finish(id, TransferReply{});
  const bool leads = replica_.role() == raft::Role::kLeader;
  const bool goes_on = leads ? parts_.admin->transfer_target() == target : leader == raft::NodeId{};
  if (goes_on) return LookAgain(id, &Service::AwaitTransfer);
  Finish(id, FailureOfTransfer());
}

void Service::LookAgain(CallId id, void (Service::*look)(CallId)) {
  Call& call = calls_.at(id);
  if (++call.looks > kLooksMax) return Finish(id, FailureAtDeadline(true));
  call.look_timer = loop_.At(clock_.MonotonicNow() + kLookNs, [this, id, look] {
    calls_.at(id).look_timer = 0;
    (this->*look)(id);
  });
}

Reply Service::StatusNow() const {
  StatusReply status{.leader = {},
                     .id = NumberOf(replica_.id()),
                     .role = static_cast<NodeRole>(replica_.role()),
                     .term = replica_.term().value,
                     .commit = replica_.commit().value,
                     .applied = replica_.applied().value,
                     .nodes = {}};
  std::map<wire::NodeNumber, NodeReport> nodes;
  for (const auto& [number, address] : addresses_) nodes[number].address = address;
  if (parts_.admin != nullptr) {
    const NodeView view = parts_.admin->View();
    status.log_base = view.log_base.value;
    status.log_last = view.log_durable.value;
    status.log_bytes = view.log_bytes;
    status.state = view.state_durable.value;
    status.configuration = view.configuration_index.value;
    const raft::Configuration& members = view.configuration;
    for (const auto* list : {&members.voters, &members.outgoing, &members.learners}) {
      for (const raft::NodeId node : *list) {
        nodes[NumberOf(node)].membership = MembershipOf(members, node);
      }
    }
    for (const MemberProgress& known : view.progress) {
      nodes[NumberOf(known.node)].progress = {.match = known.match.value,
                                              .silent_ms = known.silent_ns / kNsPerMs};
    }
  }
  for (auto& [number, node] : nodes) {
    node.id = number;
    status.nodes.push_back(node);
  }
  return status;
}

}  // namespace beach::server
