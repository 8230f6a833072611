// SPDX-License-Identifier: Apache-2.0
// What becomes of what was asked.
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/variant.h"
#include "server/client/client.h"

namespace beach::server {
namespace {

// Whether the reply is one that a request of that type has.
bool Fits(std::uint16_t type, const Reply& reply) {
  if (std::holds_alternative<Failure>(reply)) return true;
  if (ReplyTypeOf(type) != TypeOf(reply)) return false;
  const auto* const written = std::get_if<WriteReply>(&reply);
  return written == nullptr || DecodeAnswer(written->answer).has_value();
}

}  // namespace

void Client::OnLost(std::size_t node) {
  for (auto& [id, call] : calls_) {
    if (call.last_try != wire::RequestId{} && call.node == node) AskAgain(call);
  }
}

void Client::OnReply(std::size_t node, const wire::Frame& frame) {
  const Result<Reply> reply = DecodeReply(frame.head.type, frame.payload);
  const auto found = tries_.find(frame.head.request);
  const bool known = found != tries_.end();
  if (!reply || (known && !Fits(calls_.at(found->second).type, *reply))) {
    routes_.Distrust(node);
    return WakeAt(0);
  }
  const auto* const failure = std::get_if<Failure>(&*reply);
  routes_.Prefer(LeaderOf(*reply), failure != nullptr ? failure->leader_address : ByteView());
  if (!known) return;  // of a call that has ended
  const CallId id = found->second;
  replying_ = node;
  if (failure != nullptr) return OnFailure(id, frame.head.request, *failure);
  Finish(id, &*reply);  // of an earlier try as well: it is done, and once
}

void Client::OnFailure(CallId id, wire::RequestId asked, const Failure& failure) {
  tries_.erase(asked);
  Call& call = calls_.at(id);
  const bool expired = failure.kind == FailureKind::kSessionExpired;
  // Whoever finds no session has not done it.
  const bool settled = failure.retry_is_safe || expired;
  if (Changes(call) && settled) --call.unsettled;
  if (expired && call.kind == Kind::kWrite) return OnSessionExpired(id, call);
  const bool may_not = call.kind == Kind::kOrder && !settled;
  if (!failure.retry_may_help || may_not)
    return FinishFailed(id, failure.kind, Bytes(failure.detail));
  if (call.last_try != asked) return;  // a later try is under way, or soon
  const std::size_t node = call.node;
  AskAgain(call);
  if (failure.kind != FailureKind::kOverloaded) routes_.Avoid(node);
}

// Nothing more is done under that session. What was tried once alone is not done at all, and begins
// anew under another.
void Client::OnSessionExpired(CallId id, Call& call) {
  if (call.session == session_) session_ = {};
  if (call.unsettled > 0) {
    return FinishFailed(id, FailureKind::kUnknown, "its session has expired meanwhile");
  }
  if (call.last_try != wire::RequestId{}) AskAgain(call);
  const Result<Request> request = DecodeRequest(call.type, call.payload);
  BEACH_CHECK(request.has_value());
  call.payload = Bytes(As<WriteRequest>(*request).command);
  call.session = {};
  call.number = {};
  WakeAt(0);
}

void Client::FinishFailed(CallId id, FailureKind kind, Bytes detail) {
  const Call& call = calls_.at(id);
  const bool maybe_done = Changes(call) && call.unsettled > 0;
  Finish(id, std::unexpected(CallFailure{.kind = maybe_done ? FailureKind::kUnknown : kind,
                                         .detail = std::move(detail)}));
}

void Client::Finish(CallId id, CallResult<const Reply*> result) {
  const auto found = calls_.find(id);
  BEACH_CHECK(found != calls_.end());
  const Call call = std::move(found->second);
  calls_.erase(found);
  for (const wire::RequestId asked : call.tries) tries_.erase(asked);
  BEACH_CHECK_GE(bytes_, call.bytes);
  bytes_ -= call.bytes;
  if (call.last_try != wire::RequestId{} && call.kind != Kind::kWatch) --in_flight_;
  const bool numbered = call.number != RequestNumber{};
  if (numbered && call.session == session_) window_.Close(call.number);
  WakeAt(0);  // there is room for another
  call.done(std::move(result));
}

}  // namespace beach::server
