// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include "raft/message.h"

// The fields of each message in the order of their bytes: said once, for who writes and who reads.
// `visit` is called with each; message_encoding.cc has the two visitors.

namespace beach::raft {

template <class T, class Struct>
concept Of = std::same_as<std::remove_const_t<T>, Struct>;

void VisitFields(Of<LogEnd> auto& end, auto& visit) {
  visit(end.index);
  visit(end.term);
}

void VisitFields(Of<Append> auto& append, auto& visit) {
  visit(append.previous);
  visit(append.previous_term);
  visit(append.commit);
  visit(append.entries, append.previous);
}
void VisitFields(Of<AppendReply> auto& reply, auto& visit) {
  visit(reply.accepted);
  visit(reply.matched);
  visit(reply.previous);
  VisitFields(reply.hint, visit);
}
void VisitFields(Of<Heartbeat> auto& heartbeat, auto& visit) {
  visit(heartbeat.round);
  visit(heartbeat.commit);
}
void VisitFields(Of<HeartbeatReply> auto& reply, auto& visit) {
  visit(reply.round);
  visit(reply.lost);
  visit(reply.snapshot_min);
}

void VisitFields(Of<PreVote> auto& vote, auto& visit) {
  visit(vote.round);
  VisitFields(vote.last, visit);
}
void VisitFields(Of<PreVoteReply> auto& reply, auto& visit) {
  visit(reply.round);
  visit(reply.granted);
}
void VisitFields(Of<RequestVote> auto& vote, auto& visit) {
  VisitFields(vote.last, visit);
  visit(vote.transfer);
}
void VisitFields(Of<VoteReply> auto& reply, auto& visit) { visit(reply.granted); }

void VisitFields(Of<InstallSnapshot> auto& install, auto& visit) {
  visit(install.id);
  visit(install.meta.index);
  visit(install.meta.term);
  visit(install.meta.configuration_index);
  visit(install.meta.configuration);
}
void VisitFields(Of<InstallSnapshotReply> auto& reply, auto& visit) {
  visit(reply.id);
  visit(reply.kind);
  visit(reply.index);
}
void VisitFields(Of<TimeoutNow> auto&, auto&) {}

void VisitFields(Of<ReadForward> auto& forward, auto& visit) { visit(forward.id); }
void VisitFields(Of<ReadForwardReply> auto& reply, auto& visit) {
  visit(reply.id);
  visit(reply.granted);
  visit(reply.index);
}
void VisitFields(Of<ProposeForward> auto& forward, auto& visit) {
  visit(forward.id);
  visit(forward.payload);
}
void VisitFields(Of<ProposeForwardReply> auto& reply, auto& visit) {
  visit(reply.id);
  visit(reply.accepted);
  visit(reply.index);
  visit(reply.error);
}
void VisitFields(Of<Fetch> auto& fetch, auto& visit) {
  visit(fetch.first);
  visit(fetch.last);
}
void VisitFields(Of<FetchReply> auto& reply, auto& visit) {
  visit(reply.previous);
  visit(reply.previous_term);
  visit(reply.entries, reply.previous);
}

}  // namespace beach::raft
