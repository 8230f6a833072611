// SPDX-License-Identifier: Apache-2.0
// When what is asked: sessions, numbers, tries.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/variant.h"
#include "server/client/client.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint64_t kDoublingsMax = 16;

}  // namespace

void Client::WakeAt(std::uint64_t time_ns) {
  if (timer_ != 0 && timer_ns_ <= time_ns) return;
  const std::uint64_t due_ns = std::max(time_ns, clock_.MonotonicNow());
  if (timer_ != 0 && timer_ns_ <= due_ns) return;
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ns_ = due_ns;
  timer_ = loop_.At(due_ns, [this] {
    timer_ = 0;
    Work();
  });
}

void Client::Work() {
  routes_.Tidy();
  for (const auto& tell : std::exchange(soon_, {})) tell();
  const std::uint64_t now_ns = clock_.MonotonicNow();
  // A call may end here, and what it is told may begin others: those come later in the order.
  for (auto at = calls_.begin(); at != calls_.end();) {
    const CallId id = at->first;
    LookAt(id, at->second, now_ns);
    at = calls_.upper_bound(id);
  }
}

void Client::LookAt(CallId id, Call& call, std::uint64_t now_ns) {
  if (call.deadline_ns != 0 && now_ns >= call.deadline_ns) {
    return FinishFailed(id, FailureKind::kDeadline, "the deadline has passed");
  }
  if (call.last_try != wire::RequestId{} && now_ns >= call.give_up_ns) {
    const std::size_t node = call.node;
    AskAgain(call);
    routes_.Avoid(node);
  }
  if (call.only_node && !routes_.IsUp(*call.only_node)) {
    return FinishFailed(id, FailureKind::kCompacted, "the node that kept it is gone");
  }
  const bool lost = call.last_try == wire::RequestId{} && call.unsettled > 0;
  if (call.kind == Kind::kOrder && lost) {
    return FinishFailed(id, FailureKind::kUnknown, "no word of what became of it");
  }
  if (MayAsk(id, call, now_ns)) Ask(id, call, now_ns);
  if (call.deadline_ns != 0) WakeAt(call.deadline_ns);
  if (call.last_try != wire::RequestId{}) {
    WakeAt(call.give_up_ns);
  } else if (call.not_before_ns > now_ns) {
    WakeAt(call.not_before_ns);
  }
}

bool Client::MayAsk(CallId id, Call& call, std::uint64_t now_ns) {
  BEACH_CHECK(calls_.contains(id));
  if (call.last_try != wire::RequestId{} || now_ns < call.not_before_ns) return false;
  // One place is kept for the open that writes wait for.
  const std::uint64_t kept = call.kind == Kind::kOpen ? 0 : 1;
  const bool full = call.kind != Kind::kWatch && in_flight_ + kept >= options_.in_flight_max;
  if (full || (!call.only_node && !routes_.Ready())) return false;
  return call.kind != Kind::kWrite || call.number != RequestNumber{} || Number(call);
}

// Makes the command a request of the session; it stays that one, whatever becomes of the session.
bool Client::Number(Call& call) {
  if (session_ == SessionId{}) OpenSession();
  if (session_ == SessionId{} || !window_.has_room()) return false;
  const Result<Command> decoded = DecodeCommand(call.payload);
  BEACH_CHECK(decoded.has_value());  // encoded by us
  Command command = *decoded;
  call.session = session_;
  call.number = window_.Take();
  command.session = call.session;
  command.request = call.number;
  command.answered_below = window_.answered_below();
  Bytes encoded;
  EncodeCommand(command, encoded);
  Bytes payload;
  EncodeRequest(WriteRequest{.deadline_ms = 0, .command = encoded}, payload);
  call.payload = std::move(payload);
  return true;
}

void Client::OpenSession() {
  if (opening_) return;
  opening_ = true;
  Command command;
  command.kind = CommandKind::kOpenSession;
  Bytes encoded;
  EncodeCommand(command, encoded);
  last_call_ = last_call_.Next();
  Call& call = calls_[last_call_];  // comes after those that wait for it
  call.kind = Kind::kOpen;
  call.type = static_cast<std::uint16_t>(RequestType::kWrite);
  call.not_before_ns = open_not_before_ns_;
  call.done = [this](CallResult<const Reply*> reply) { OnOpened(std::move(reply)); };
  EncodeRequest(WriteRequest{.deadline_ms = 0, .command = encoded}, call.payload);
}

void Client::OnOpened(CallResult<const Reply*> reply) {
  opening_ = false;
  WakeAt(0);
  const bool denied = !reply && (reply.error().kind == FailureKind::kUnauthenticated ||
                                 reply.error().kind == FailureKind::kForbidden);
  if (denied) FailWrites(reply.error());
  if (!reply) {
    open_not_before_ns_ = clock_.MonotonicNow() + options_.retry_high_ns;
    return;
  }
  const Result<Answer> answer = DecodeAnswer(As<WriteReply>(**reply).answer);
  BEACH_CHECK(answer.has_value());
  session_ = SessionId(answer->index);
  window_ = {};
}

// Those that wait for a session which there will not be.
void Client::FailWrites(const CallFailure& failure) {
  std::vector<CallId> waiting;
  for (const auto& [id, call] : calls_) {
    if (call.kind == Kind::kWrite && call.number == RequestNumber{}) waiting.push_back(id);
  }
  for (const CallId id : waiting) FinishFailed(id, failure.kind, failure.detail);
}

// How long a node may be silent about it.
std::uint64_t Client::PatienceOf(const Call& call) const {
  switch (call.kind) {
    case Kind::kOrder: return options_.order_max_ns;
    case Kind::kWatch: return options_.watch_wait_ns;
    case Kind::kOpen:
    case Kind::kWrite:
    case Kind::kRead: break;
  }
  return options_.silence_max_ns;
}

std::optional<std::size_t> Client::Send(const Call& call, wire::RequestId asked) {
  const wire::FrameHead head{.type = call.type, .flags = 0, .request = asked};
  if (!call.only_node) return routes_.Send(head, call.payload);
  if (!routes_.SendTo(*call.only_node, head, call.payload)) return std::nullopt;
  return call.only_node;
}

void Client::Ask(CallId id, Call& call, std::uint64_t now_ns) {
  const std::uint64_t patience_ns = PatienceOf(call);
  std::uint64_t wait_ns = patience_ns;
  if (call.deadline_ns != 0) wait_ns = std::min(wait_ns, call.deadline_ns - now_ns);
  const std::uint64_t wait_ms = std::min<std::uint64_t>((wait_ns + kNsPerMs - 1) / kNsPerMs,
                                                        std::numeric_limits<std::uint32_t>::max());
  StoreFixed(call.payload.data(), static_cast<std::uint32_t>(wait_ms));
  const wire::RequestId asked = last_try_.Next();
  const std::optional<std::size_t> node = Send(call, asked);
  if (!node) {
    call.not_before_ns = now_ns + options_.retry_low_ns;
    return;
  }
  last_try_ = asked;
  tries_[asked] = id;
  call.last_try = asked;
  call.node = *node;
  call.give_up_ns = now_ns + patience_ns;
  // It replies when it has waited, and may be slow to.
  if (call.kind == Kind::kWatch) call.give_up_ns += options_.silence_max_ns;
  call.tries.push_back(asked);
  if (Changes(call)) ++call.unsettled;
  if (call.kind != Kind::kWatch) ++in_flight_;
}

// What was asked last may have been heard or not; it is asked once more after a while.
void Client::AskAgain(Call& call) {
  BEACH_CHECK(call.last_try != wire::RequestId{});
  if (call.kind != Kind::kWatch) {
    BEACH_CHECK_GT(in_flight_, 0U);
    --in_flight_;
  }
  call.last_try = {};
  const std::uint64_t doublings = std::min<std::uint64_t>(call.tries.size() - 1, kDoublingsMax);
  const std::uint64_t longest =
      std::min(options_.retry_high_ns, options_.retry_low_ns << doublings);
  const std::uint64_t drawn = RandomValue(options_.random_key, ++draws_);
  const std::uint64_t wait_ns = longest / 2 + RandomBelow(drawn, longest - longest / 2 + 1);
  call.not_before_ns = clock_.MonotonicNow() + wait_ns;
  WakeAt(0);  // others may be asked meanwhile
}

}  // namespace beach::server
