// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/core.h"

// Proposals: into the log of a leader, or once to it. A forwarded one is taken by the leader of the
// term in which it was sent and by no other, and by that one once. So it is in the log of one
// leader at most, at one index, whatever the network repeats.

namespace beach::raft {

std::uint64_t Core::uncommitted_bytes() const {
  return log_.tail().BytesBetween(commit_, log_.last());
}

std::optional<ProposeError> Core::Admit(std::uint64_t bytes) const {
  if (role_ != Role::kLeader) return ProposeError::kNotLeader;
  if (transfer_.target != NodeId{}) return ProposeError::kTransferring;
  if (bytes > options_.payload_bytes_max) return ProposeError::kTooLarge;
  const std::uint64_t uncommitted = uncommitted_bytes();
  if (uncommitted > 0 && uncommitted + kEntryOverhead + bytes > options_.uncommitted_bytes_max) {
    return ProposeError::kOverloaded;
  }
  return std::nullopt;
}

std::expected<Proposed, ProposeError> Core::Propose(std::uint64_t now_ns, Payload payload,
                                                    RequestId request) {
  if (proposals_.size() + forwarded_.size() >= options_.proposals_max) {
    return std::unexpected(ProposeError::kOverloaded);
  }
  if (role_ != Role::kLeader) return Forward(now_ns, std::move(payload), request);
  if (const auto error = Admit(payload.size())) return std::unexpected(*error);
  const LogIndex index = AppendOwn(now_ns, EntryKind::kNormal, std::move(payload));
  proposals_.Add(request, term_, index, now_ns + options_.proposal_timeout_ns);
  CheckInvariants();
  return Proposed{.term = term_, .index = index};
}

std::expected<Proposed, ProposeError> Core::Forward(std::uint64_t now_ns, Payload payload,
                                                    RequestId request) {
  if (leader_ == NodeId{}) return std::unexpected(ProposeError::kNotLeader);
  if (payload.size() > options_.payload_bytes_max) return std::unexpected(ProposeError::kTooLarge);
  if (forwarded_.size() >= options_.forwarded_max) {
    return std::unexpected(ProposeError::kOverloaded);
  }
  const ForwardId id = NextForward();
  forwarded_.Add(id, request, now_ns + options_.proposal_timeout_ns);
  Send(leader_, ProposeForward{.id = id, .payload = std::move(payload)});
  return Proposed{.term = term_, .index = {}};
}

ForwardId Core::NextForward() { return ForwardId(++forward_counter_); }

// Who waits for the leader of a term that is over: it may have taken the proposal, or not.
void Core::LoseForwarded() {
  while (const auto request = forwarded_.TakeExpired(~std::uint64_t{0})) {
    output_.fates.push_back(
        {.request = *request, .fate = Fate::kUnknown, .index = {}, .term = term_, .error = {}});
  }
  while (const auto context = forwarded_reads_.TakeExpired(~std::uint64_t{0})) {
    output_.reads.push_back({.context = *context, .index = {}, .error = ReadError::kNoLeader});
  }
}

void Core::ExpireForwarded(std::uint64_t now_ns) {
  while (const auto request = forwarded_.TakeExpired(now_ns)) {
    output_.fates.push_back(
        {.request = *request, .fate = Fate::kUnknown, .index = {}, .term = term_, .error = {}});
  }
  while (const auto context = forwarded_reads_.TakeExpired(now_ns)) {
    output_.reads.push_back({.context = *context, .index = {}, .error = ReadError::kUnanswered});
  }
}

// Kept for as long as the leadership, also of a node that is a member no more. Nothing: too many.
RequestWindow* Core::WindowOf(NodeId origin) {
  const auto at = std::ranges::lower_bound(origins_, origin, {}, &Origin::node);
  if (at != origins_.end() && at->node == origin) return &at->seen;
  if (origins_.size() >= 2 * kMembersMax) return nullptr;
  return &origins_.insert(at, {.node = origin, .seen = {}})->seen;
}

void Core::On(std::uint64_t now_ns, NodeId from, Term, ProposeForward& request) {
  if (role_ != Role::kLeader || Find(from) == nullptr) return;
  // Seen before it is judged: what was refused once is not taken when it comes again.
  RequestWindow* const window = WindowOf(from);
  if (window == nullptr || !window->Take(request.id)) return;
  ProposeForwardReply reply{.id = request.id, .accepted = false, .index = {}, .error = 0};
  if (const auto error = Admit(request.payload.size())) {
    reply.error = static_cast<std::uint8_t>(*error);
  } else {
    reply.accepted = true;
    reply.index = AppendOwn(now_ns, EntryKind::kNormal, std::move(request.payload));
  }
  Send(from, reply);
}

void Core::On(std::uint64_t now_ns, NodeId, Term term, ProposeForwardReply& reply) {
  const std::optional<RequestId> request = forwarded_.Take(reply.id);
  if (!request) return;
  if (reply.accepted) {
    proposals_.Add(*request, term, reply.index, now_ns + options_.proposal_timeout_ns);
    return proposals_.Resolve(log_, commit_, output_.fates);
  }
  output_.fates.push_back({.request = *request,
                           .fate = Fate::kRefused,
                           .index = {},
                           .term = term,
                           .error = static_cast<ProposeError>(reply.error)});
}

}  // namespace beach::raft
