// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/core.h"

// Changes of membership: chapter 4. A configuration is in force from the moment its entry is in a
// node's log.

namespace beach::raft {

// One change at a time, and none before the leader knows what is committed: else two leaders could
// each build on a configuration that the other's majority does not know (Ongaro, raft-dev, 2015).
std::optional<ProposeError> Core::MayChange() const {
  if (!CommittedInTerm()) return ProposeError::kNotReady;
  if (configurations_.current_index() > commit_) return ProposeError::kChangePending;
  return std::nullopt;
}

ChangeResult Core::Changed(std::span<const Change> changes, ChangeMode mode) const {
  switch (mode) {
    case ChangeMode::kSimple: return ChangeSimply(configuration(), changes);
    case ChangeMode::kJoint: return EnterJoint(configuration(), changes, true);
    case ChangeMode::kJointAndStay: return EnterJoint(configuration(), changes, false);
    case ChangeMode::kLeaveJoint: return LeaveJoint(configuration());
  }
  return std::unexpected("no such change");
}

std::expected<Proposed, ProposeError> Core::ProposeConfiguration(std::uint64_t now_ns,
                                                                 std::span<const Change> changes,
                                                                 ChangeMode mode,
                                                                 RequestId request) {
  if (proposals_.size() >= options_.proposals_max) {
    return std::unexpected(ProposeError::kOverloaded);
  }
  if (const auto error = Admit(0)) return std::unexpected(*error);
  if (const auto error = MayChange()) return std::unexpected(*error);
  const ChangeResult to = Changed(changes, mode);
  if (!to || *to == configuration()) return std::unexpected(ProposeError::kInvalidChange);
  const LogIndex index =
      AppendOwn(now_ns, EntryKind::kConfiguration, Payload::Copy(EncodeConfiguration(*to)));
  proposals_.Add(request, term_, index, now_ns + options_.proposal_timeout_ns);
  CheckInvariants();
  return Proposed{.term = term_, .index = index};
}

// On every node, committed or not.
void Core::ConfigurationAppended(std::uint64_t now_ns, LogIndex index,
                                 Configuration configuration) {
  configurations_.Append(index, std::move(configuration));
  Tell(EventKind::kConfiguration, Reason::kNone, NodeId{}, index);
  if (role_ != Role::kLeader) return;
  MatchProgressToMembers(now_ns, index - 1);
  // Those who answered so far may not be those who decide.
  lease_.Revoke(rounds_.sent());
  if (transfer_.target != NodeId{} && !Core::configuration().IsVoter(transfer_.target)) {
    EndTransfer(Reason::kRemoved);
  }
}

// Who comes, again or for the first time, is known nothing of; who goes is forgotten.
void Core::MatchProgressToMembers(std::uint64_t now_ns, LogIndex last) {
  const Configuration& members = configuration();
  std::erase_if(progress_, [&](const Progress& peer) { return !members.IsMember(peer.id); });
  for (const auto* const list : {&members.voters, &members.outgoing, &members.learners}) {
    for (const NodeId node : *list) {
      if (Find(node) != nullptr) continue;
      const auto at = std::ranges::lower_bound(progress_, node, {}, &Progress::id);
      progress_.insert(
          at, Progress(node, last, now_ns,
                       InFlight(options_.in_flight_count_max, options_.in_flight_bytes_max)));
    }
  }
}

// 4.3: the second half of the change, by whoever leads once the first is committed. Its entry is
// the newest configuration then, and not a joint one: it is proposed once.
void Core::LeaveJointIfDue(std::uint64_t now_ns) {
  if (!configuration().joint() || !configuration().auto_leave || MayChange()) return;
  const ChangeResult left = LeaveJoint(configuration());
  BEACH_CHECK(left.has_value());
  AppendOwn(now_ns, EntryKind::kConfiguration, Payload::Copy(EncodeConfiguration(*left)));
}

// 4.2.2: a leader that is no voter any more leads until that is committed.
void Core::StepDownIfRemoved(std::uint64_t now_ns) {
  if (configurations_.current_index() > commit_ || configuration().IsVoter(options_.id)) return;
  for (Progress& peer : progress_) SendAppends(peer);  // who stays learns that it is committed
  BecomeFollower(now_ns, term_, NodeId{}, Reason::kRemoved);
}

}  // namespace beach::raft
