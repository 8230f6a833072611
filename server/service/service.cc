// SPDX-License-Identifier: Apache-2.0
#include "server/service/service.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/random.h"
#include "base/variant.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/service/failures.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;

constexpr std::uint64_t kStrangerPayloadMax = std::uint64_t{64} << 10;

wire::NodeNumber NumberOf(raft::NodeId id) { return wire::NodeNumber(id.value); }

// REQUIRES: the type is that of a request.
Role RoleFor(std::uint16_t type) {
  switch (static_cast<RequestType>(type)) {
    case RequestType::kStatus:
    case RequestType::kAuthenticate: return Role::kNone;
    case RequestType::kGet:
    case RequestType::kScan:
    case RequestType::kWatch: return Role::kRead;
    case RequestType::kWrite: return Role::kWrite;
    case RequestType::kChange:
    case RequestType::kTransfer: break;
  }
  return Role::kAdmin;
}

}  // namespace

Service::Service(env::Loop& loop, env::Clock& clock, raft::Replica& replica, Store& store,
                 const ServiceLimits& limits, const ServiceParts& parts)
    : loop_(loop),
      clock_(clock),
      replica_(replica),
      store_(store),
      limits_(limits),
      parts_(parts),
      last_cursor_(RandomValue(clock.WallNow(), replica.id().value) | 1) {
  BEACH_CHECK_GT(limits_.guest_calls_max, 0U);
  BEACH_CHECK_GT(limits_.work_max, 0U);
  if (parts_.changes != nullptr) parts_.changes->SetWake([this] { OnChanges(); });
}

Service::~Service() {
  if (parts_.changes != nullptr) parts_.changes->SetWake(nullptr);
  for (const auto& [id, call] : calls_) Forget(id, call);
  if (age_timer_ != 0) loop_.Cancel(age_timer_);
}

void Service::SetAddresses(std::map<wire::NodeNumber, std::string> addresses) {
  BEACH_CHECK_LE(addresses.size(), kAddressesMax);
  for (const auto& [id, address] : addresses) BEACH_CHECK_LE(address.size(), kAddressSizeMax);
  addresses_ = std::move(addresses);
}

Service::GuestId Service::Join(wire::Guest& guest) {
  last_guest_ = last_guest_.Next();
  hosts_[last_guest_].guest = &guest;
  return last_guest_;
}

void Service::Leave(GuestId guest) {
  const auto host = hosts_.find(guest);
  BEACH_CHECK(host != hosts_.end());
  for (const CallId id : host->second.calls) {
    const auto call = calls_.find(id);
    BEACH_CHECK(call != calls_.end());
    Forget(id, call->second);
    calls_.erase(call);
  }
  hosts_.erase(host);
  ForgetCursorsOf(guest);
}

void Service::OnFrame(GuestId guest, const wire::Frame& frame) {
  const auto host = hosts_.find(guest);
  BEACH_CHECK(host != hosts_.end());
  wire::Guest& whom = *host->second.guest;
  if (frame.head.request == wire::RequestId{}) return whom.CutOff("a request without an id");
  const Result<Request> request = DecodeRequest(frame.head.type, frame.payload);
  if (!request && request.error().code() == ErrorCode::kCorruption) {
    return whom.CutOff(request.error().message());
  }
  if (!request) {
    return Send(whom, frame.head.request, FailureOfInvalid(request.error().message()));
  }
  if (const auto* const who = std::get_if<AuthenticateRequest>(&*request)) {
    return Authenticate(host->second, frame.head.request, *who);
  }
  const Role role = RoleOf(host->second);
  if (role < RoleFor(frame.head.type)) {
    return Send(whom, frame.head.request,
                role == Role::kNone ? FailureOfStranger(false) : FailureOfRole());
  }
  if (std::holds_alternative<StatusRequest>(*request)) {
    return Send(whom, frame.head.request, StatusNow());
  }
  Account* const account = host->second.account.get();
  if (account != nullptr && !account->pace.Take(clock_.MonotonicNow())) {
    return Send(whom, frame.head.request, FailureOfPace());
  }
  const bool full = host->second.calls.size() >= limits_.guest_calls_max ||
                    work_ >= limits_.work_max ||
                    frame.payload.size() > limits_.work_bytes_max - work_bytes_;
  if (full) return Send(whom, frame.head.request, FailureOfOverload());
  Begin(guest, frame, *request);
}

Role Service::RoleOf(const Host& host) const {
  if (parts_.authenticator == nullptr) return Role::kAdmin;
  return host.account == nullptr ? Role::kNone : host.account->role;
}

// Who fails to become another one stays who he was.
void Service::Authenticate(Host& host, wire::RequestId asked, const AuthenticateRequest& request) {
  if (parts_.authenticator != nullptr) {
    auto account = parts_.authenticator->Find(request.user, request.token);
    if (account == nullptr) return Send(*host.guest, asked, FailureOfStranger(true));
    host.account = std::move(account);
  }
  Send(*host.guest, asked, AuthenticateReply{});
}

std::uint64_t Service::PayloadMaxOf(GuestId guest) const {
  const bool stranger = RoleOf(hosts_.at(guest)) == Role::kNone;
  return stranger ? kStrangerPayloadMax : ~std::uint64_t{0};
}

void Service::Begin(GuestId guest, const wire::Frame& frame, const Request& request) {
  last_call_ = last_call_.Next();
  const CallId id = last_call_;
  Call& call = calls_[id];
  call.guest = guest;
  call.request = frame.head.request;
  call.type = frame.head.type;
  call.began_ns = clock_.MonotonicNow();
  hosts_.at(guest).calls.insert(id);
  SetDeadline(id, DeadlineMsOf(request));
  if (const auto* const write = std::get_if<WriteRequest>(&request)) return BeginWrite(id, *write);
  call.payload = Bytes(frame.payload);
  if (const auto* const get = std::get_if<GetRequest>(&request)) {
    return BeginRead(id, get->consistency);
  }
  if (const auto* const scan = std::get_if<ScanRequest>(&request)) {
    // Its moment was fresh enough when it began.
    if (scan->cursor != 0) return ReadStore(id);
    return BeginRead(id, scan->consistency);
  }
  if (const auto* const change = std::get_if<ChangeRequest>(&request)) {
    return BeginChange(id, *change);
  }
  if (const auto* const watch = std::get_if<WatchRequest>(&request)) {
    return BeginWatch(id, *watch);
  }
  BeginTransfer(id, As<TransferRequest>(request));
}

void Service::Forget(CallId id, const Call& call) {
  if (watches_.erase(id) > 0) watch_bytes_ -= call.payload.size();
  if (call.timer != 0) loop_.Cancel(call.timer);
  if (call.look_timer != 0) loop_.Cancel(call.look_timer);
}

void Service::SetDeadline(CallId id, std::uint32_t deadline_ms) {
  if (deadline_ms == 0) return;
  Call& call = calls_.at(id);
  const std::uint64_t deadline_ns = call.began_ns + deadline_ms * kNsPerMs;
  call.timer = loop_.At(deadline_ns, [this, id] {
    Call& late = calls_.at(id);
    late.timer = 0;
    if (watches_.contains(id)) return EndWatch(id);
    Finish(id, FailureAtDeadline(late.maybe_done));
  });
}

void Service::BeginWrite(CallId id, const WriteRequest& request) {
  const Result<Command> command = DecodeCommand(request.command);
  if (!command) return Finish(id, FailureOfInvalid(command.error().message()));
  Bytes stamped(request.command);
  const std::uint64_t now_ns = clock_.WallNow();
  StampCommand(stamped.data(), now_ns / kNsPerMs);
  const std::uint64_t bytes = stamped.size();
  TakeWork(bytes);
  calls_.at(id).maybe_done = true;
  replica_.Propose(raft::Payload::Copy(stamped), [this, id, bytes](const raft::Outcome& outcome) {
    GiveWork(bytes);
    Written(id, outcome);
  });
}

void Service::Written(CallId id, const raft::Outcome& outcome) {
  if (outcome.fate != raft::Fate::kCommitted) return Finish(id, FailureOf(outcome));
  const auto call = calls_.find(id);
  if (call != calls_.end()) call->second.index = outcome.index;
  const Result<Answer> answer = DecodeAnswer(outcome.answer);
  Failure failure = FailureAtDeadline(true);
  if (!answer) {  // it is applied, and this node was not the one to hear what was said
    failure.detail = "it is done, and what was answered is not known here";
    return Finish(id, failure);
  }
  switch (answer->kind) {
    case AnswerKind::kSessionGone:
      failure.kind = FailureKind::kSessionExpired;
      failure.retry_may_help = false;
      failure.detail = "no such session";
      return Finish(id, failure);
    case AnswerKind::kInvalid: return Finish(id, FailureOfInvalid("the command is not one to do"));
    case AnswerKind::kDone:
    case AnswerKind::kOtherwise:
    case AnswerKind::kForgotten: break;
  }
  Finish(id, WriteReply{.leader = {}, .answer = outcome.answer});
}

void Service::BeginRead(CallId id, Consistency consistency) {
  if (consistency == Consistency::kStale) return ReadStore(id);
  const raft::ReadMode mode =
      consistency == Consistency::kLease ? raft::ReadMode::kLease : raft::ReadMode::kRound;
  const std::uint64_t bytes = calls_.at(id).payload.size();
  TakeWork(bytes);
  replica_.Read(mode, [this, id, bytes](std::optional<raft::ReadError> error) {
    GiveWork(bytes);
    if (error) return Finish(id, FailureOf(*error));
    const auto call = calls_.find(id);
    if (call == calls_.end()) return;  // nobody waits any more
    call->second.granted_ns = clock_.MonotonicNow();
    ReadStore(id);
  });
}

void Service::ReadStore(CallId id) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;  // nobody waits any more
  const Bytes payload = std::exchange(call->second.payload, {});
  const Result<Request> request = DecodeRequest(call->second.type, payload);
  BEACH_CHECK(request.has_value());  // it was when it came
  if (const auto* const get = std::get_if<GetRequest>(&*request)) return ReadKey(id, *get);
  ReadRange(id, As<ScanRequest>(*request));
}

void Service::ReadKey(CallId id, const GetRequest& request) {
  const std::uint64_t index = replica_.applied().value;
  TakeWork(0);
  store_.Get(request.key, [this, id, index](Result<std::optional<Bytes>> value) {
    GiveWork(0);
    if (!value) return Finish(id, FailureOfStore(value.error().ToString()));
    GetReply reply{.leader = {}, .index = index, .value = {}};
    if (*value) reply.value = **value;
    Finish(id, reply);
  });
}

void Service::TakeWork(std::uint64_t bytes) {
  ++work_;
  work_bytes_ += bytes;
}

void Service::GiveWork(std::uint64_t bytes) {
  BEACH_CHECK_GT(work_, 0U);
  BEACH_CHECK_GE(work_bytes_, bytes);
  --work_;
  work_bytes_ -= bytes;
}

void Service::Finish(CallId id, Reply reply) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const Call& call = found->second;
  NoteIfSlow(call);
  Forget(id, call);
  Host& host = hosts_.at(call.guest);
  const wire::RequestId request = call.request;
  host.calls.erase(id);
  calls_.erase(found);
  Send(*host.guest, request, std::move(reply));
}

void Service::NoteIfSlow(const Call& call) {
  if (parts_.slow == nullptr) return;
  SlowRequest slow;
  switch (static_cast<RequestType>(call.type)) {
    case RequestType::kWrite: slow.kind = "write"; break;
    case RequestType::kGet: slow.kind = "get"; break;
    case RequestType::kScan: slow.kind = "scan"; break;
    case RequestType::kStatus:
    case RequestType::kAuthenticate:
    case RequestType::kWatch:
    case RequestType::kChange:
    case RequestType::kTransfer: return;  // those last as long as what they wait for
  }
  slow.began_ns = call.began_ns;
  slow.ended_ns = clock_.MonotonicNow();
  if (!parts_.slow->IsSlow(slow.ended_ns - slow.began_ns)) return;
  slow.client = hosts_.at(call.guest).guest->peer();
  slow.granted_ns = call.granted_ns;
  slow.entry = replica_.TimesOf(call.index);
  parts_.slow->Note(slow);
}

void Service::Send(wire::Guest& guest, wire::RequestId request, Reply reply) {
  const wire::NodeNumber leader = NumberOf(replica_.leader());
  Visit([&](auto& one) { one.leader = leader; }, reply);
  const auto address = addresses_.find(leader);
  auto* const failure = std::get_if<Failure>(&reply);
  if (failure != nullptr && address != addresses_.end()) failure->leader_address = address->second;
  Bytes payload;
  EncodeReply(reply, payload);
  const bool sent = guest.Send({.type = TypeOf(reply), .flags = 0, .request = request}, payload);
  if (!sent) guest.CutOff("it does not read what it is replied");
}

}  // namespace beach::server
