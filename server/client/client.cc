// SPDX-License-Identifier: Apache-2.0
#include "server/client/client.h"

#include <limits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/variant.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint16_t kWriteType = static_cast<std::uint16_t>(RequestType::kWrite);

// A call's answer out of a reply that its request can have.
template <class T, class Wanted, class Take>
auto Unpack(std::function<void(CallResult<T>)> done, Take take) {
  return [done = std::move(done), take](CallResult<const Reply*> result) {
    if (!result) return done(std::unexpected(std::move(result.error())));
    done(take(As<Wanted>(**result)));
  };
}

GetResult TakeGot(const GetReply& reply) {
  GetResult result{.index = reply.index, .value = std::nullopt};
  if (reply.value) result.value = Bytes(*reply.value);
  return result;
}

ScanResult TakeScanned(const ScanReply& reply) {
  ScanResult result{
      .index = reply.index, .entries = {}, .next = std::nullopt, .cursor = std::nullopt};
  for (const ScanEntry& entry : reply.entries) result.entries.emplace_back(entry.key, entry.value);
  if (reply.next) result.next = Bytes(*reply.next);
  return result;
}

StatusResult TakeStatus(const StatusReply& reply) {
  StatusResult result{.leader = reply.leader,
                      .id = reply.id,
                      .role = reply.role,
                      .term = reply.term,
                      .commit = reply.commit,
                      .applied = reply.applied,
                      .log_base = reply.log_base,
                      .log_last = reply.log_last,
                      .log_bytes = reply.log_bytes,
                      .state = reply.state,
                      .configuration = reply.configuration,
                      .nodes = {}};
  for (const NodeReport& node : reply.nodes) {
    result.nodes.push_back({.id = node.id,
                            .membership = node.membership,
                            .progress = node.progress,
                            .address = std::string(node.address)});
  }
  return result;
}

// Of the request with which a connection begins; empty: with none.
Bytes LoginOf(const ClientOptions& options) {
  Bytes login;
  if (options.token.empty()) return login;
  EncodeRequest(AuthenticateRequest{.deadline_ms = 0, .user = options.user, .token = options.token},
                login);
  return login;
}

Operation MakeOperation(OperationKind kind, ByteView key, ByteView value) {
  Operation operation;
  operation.kind = kind;
  operation.key = key;
  operation.value = value;
  return operation;
}

}  // namespace

Client::Client(env::Loop& loop, env::Clock& clock, const ClientOptions& options)
    : loop_(loop),
      clock_(clock),
      options_(options),
      routes_(loop, clock, options.cluster, options.addresses, options.link, LoginOf(options),
              {.on_ready = [this] { WakeAt(0); },
               .on_lost = [this](std::size_t node) { OnLost(node); },
               .on_reply = [this](std::size_t node,
                                  const wire::Frame& frame) { OnReply(node, frame); }}) {
  BEACH_CHECK_GT(options_.in_flight_max, 1U);  // an open goes beside what waits for it
  BEACH_CHECK_LE(options_.retry_low_ns, options_.retry_high_ns);
}

Client::~Client() {
  if (timer_ != 0) loop_.Cancel(timer_);
}

void Client::Put(ByteView key, ByteView value, std::uint64_t deadline_ns, WriteDone done) {
  const Transaction one{
      .conditions = {},
      .operations = {MakeOperation(OperationKind::kPut, key, value)},
      .otherwise = {},
  };
  Transact(one, deadline_ns, std::move(done));
}

void Client::Delete(ByteView key, std::uint64_t deadline_ns, WriteDone done) {
  const Transaction one{
      .conditions = {},
      .operations = {MakeOperation(OperationKind::kDelete, key, {})},
      .otherwise = {},
  };
  Transact(one, deadline_ns, std::move(done));
}

void Client::CompareAndSet(ByteView key, std::optional<ByteView> expected, ByteView value,
                           std::uint64_t deadline_ns, WriteDone done) {
  const Condition condition{
      .kind = expected ? ConditionKind::kEquals : ConditionKind::kAbsent,
      .key = key,
      .value = expected.value_or(ByteView()),
  };
  const Transaction one{
      .conditions = {condition},
      .operations = {MakeOperation(OperationKind::kPut, key, value)},
      .otherwise = {MakeOperation(OperationKind::kGet, key, {})},
  };
  Transact(one, deadline_ns, std::move(done));
}

// It is encoded as if its numbers were the longest that they can become: so it fits with any.
void Client::Transact(const Transaction& transaction, std::uint64_t deadline_ns, WriteDone done) {
  Command command;
  command.session = SessionId(kNever);
  command.request = RequestNumber(kNever);
  command.answered_below = RequestNumber(kNever);
  command.conditions = transaction.conditions;
  command.operations = transaction.operations;
  command.otherwise = transaction.otherwise;
  Call call;
  call.kind = Kind::kWrite;
  call.type = kWriteType;
  call.done = Unpack<Answer, WriteReply>(
      std::move(done), [](const WriteReply& reply) { return *DecodeAnswer(reply.answer); });
  const auto sound = CheckCommand(command);
  if (!sound) return FailSoon(FailureKind::kInvalid, sound.error().message(), call.done);
  EncodeCommand(command, call.payload);
  Begin(std::move(call), deadline_ns);
}

void Client::Get(ByteView key, Consistency consistency, std::uint64_t deadline_ns, GetDone done) {
  BeginRead(GetRequest{.deadline_ms = 0, .consistency = consistency, .key = key}, deadline_ns,
            Unpack<GetResult, GetReply>(std::move(done), TakeGot));
}

void Client::Scan(const ScanRequest& request, std::uint64_t deadline_ns, ScanDone done,
                  const std::optional<ScanCursor>& cursor) {
  ScanRequest page = request;
  page.cursor = cursor ? cursor->id : 0;
  const auto take = [this](const ScanReply& reply) {
    ScanResult result = TakeScanned(reply);
    if (reply.cursor != 0) result.cursor = ScanCursor{.id = reply.cursor, .node = replying_};
    return result;
  };
  BeginRead(page, deadline_ns, Unpack<ScanResult, ScanReply>(std::move(done), take),
            cursor ? std::optional(cursor->node) : std::nullopt);
}

void Client::Status(std::uint64_t deadline_ns, StatusDone done) {
  BeginRead(StatusRequest{}, deadline_ns,
            Unpack<StatusResult, StatusReply>(std::move(done), TakeStatus));
}

void Client::ChangeMembers(const ChangeRequest& request, std::uint64_t deadline_ns,
                           IndexDone done) {
  BeginOrder(request, deadline_ns,
             Unpack<std::uint64_t, ChangeReply>(
                 std::move(done), [](const ChangeReply& reply) { return reply.index; }));
}

void Client::TransferLeadership(wire::NodeNumber target, std::uint64_t deadline_ns,
                                LeaderDone done) {
  BeginOrder(TransferRequest{.deadline_ms = 0, .target = target}, deadline_ns,
             Unpack<wire::NodeNumber, TransferReply>(
                 std::move(done), [target](const TransferReply&) { return target; }));
}

void Client::BeginOrder(const Request& request, std::uint64_t deadline_ns, ReplyDone done) {
  const auto sound = CheckRequest(request);
  if (!sound) return FailSoon(FailureKind::kInvalid, sound.error().message(), done);
  Call call;
  call.kind = Kind::kOrder;
  call.type = TypeOf(request);
  call.done = std::move(done);
  EncodeRequest(request, call.payload);
  Begin(std::move(call), deadline_ns);
}

void Client::BeginRead(const Request& request, std::uint64_t deadline_ns, ReplyDone done,
                       std::optional<std::size_t> only_node) {
  const auto sound = CheckRequest(request);
  if (!sound) return FailSoon(FailureKind::kInvalid, sound.error().message(), done);
  Call call;
  call.type = TypeOf(request);
  call.done = std::move(done);
  call.only_node = only_node;
  EncodeRequest(request, call.payload);
  Begin(std::move(call), deadline_ns);
}

void Client::Begin(Call call, std::uint64_t deadline_ns) {
  call.bytes = call.payload.size();
  if (calls_.size() >= options_.calls_max || call.bytes > options_.bytes_max - bytes_) {
    return FailSoon(FailureKind::kOverloaded, "as many calls wait here as may", call.done);
  }
  if (deadline_ns != 0) call.deadline_ns = clock_.MonotonicNow() + deadline_ns;
  bytes_ += call.bytes;
  last_call_ = last_call_.Next();
  calls_[last_call_] = std::move(call);
  WakeAt(0);
}

void Client::FailSoon(FailureKind kind, const Bytes& detail, const ReplyDone& done) {
  soon_.push_back([done, failure = CallFailure{.kind = kind, .detail = detail}] {
    done(std::unexpected(failure));
  });
  WakeAt(0);
}

}  // namespace beach::server
