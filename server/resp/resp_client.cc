// SPDX-License-Identifier: Apache-2.0
// What a client is, and which of its commands come next; resp_run.cc does them.
#include "server/resp/resp_client.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "server/resp/resp_errors.h"

namespace beach::server {
namespace {

// While commands wait, and of replies that wait to be sent together.
constexpr std::uint64_t kKeptMax = std::uint64_t{256} << 10;
constexpr std::size_t kOutMax = std::size_t{256} << 10;
// Of a run: as much as one entry of the log is worth, and one client may have of a node at once.
constexpr std::size_t kItemsMax = 256;
constexpr std::uint64_t kRunBytesMax = std::uint64_t{1} << 20;
// In MULTI.
constexpr std::size_t kQueuedMax = 16384;

std::uint64_t SizeOf(const RespRequest& request) {
  std::uint64_t size = 0;
  for (const Bytes& word : request) size += word.size();
  return size;
}

// What would break a limit as an entry of the log, or as a read.
Status CheckPlan(RespPlan& plan) {
  if (plan.only_reads()) {
    for (const Operation& operation : plan.operations) {
      if (operation.key.size() > kKeySizeMax) {
        return Fail(ErrorCode::kInvalidArgument, "a key of more than 64 KiB");
      }
    }
    return {};
  }
  Command command;
  command.operations = std::move(plan.operations);
  Status sound = CheckCommand(command);
  plan.operations = std::move(command.operations);
  return sound;
}

}  // namespace

RespClient::RespClient(RespNode& node, RespClientId id, std::unique_ptr<env::Connection> connection)
    : node_(node),
      id_(id),
      connection_(std::move(connection)),
      began_ns_(node.clock.MonotonicNow()) {
  Reset();
}

RespClient::~RespClient() {
  if (drain_timer_ != 0) node_.loop.Cancel(drain_timer_);
}

env::Connection::Callbacks RespClient::connection_callbacks() {
  env::Connection::Callbacks callbacks;
  callbacks.on_bytes = [this](ByteView bytes) { OnBytes(bytes); };
  callbacks.on_writable = [this] {
    Drain(false);
    Pump();
  };
  callbacks.on_end = [this] {
    ended_ = true;
    Pump();
  };
  callbacks.on_closed = [node = &node_, id = id_](const env::Closed&) { node->clients.erase(id); };
  return callbacks;
}

void RespClient::Reset() {
  DiscardTransaction();
  version = RespVersion::kTwo;
  const bool everybody = node_.options.authenticator == nullptr;
  account_ = nullptr;
  user = "default";
  reader_.SetLimits(everybody ? RespRequestLimits{} : kStrangerLimits);
  name.clear();
}

Role RespClient::role() const {
  if (node_.options.authenticator == nullptr) return Role::kAdmin;
  return account_ == nullptr ? Role::kNone : account_->role;
}

void RespClient::Admitted(ByteView as, std::shared_ptr<Account> account) {
  account_ = std::move(account);
  user = Bytes(as);
  reader_.SetLimits({});
}

std::string RespClient::NotPermitted(const std::string& command) const {
  return "NOPERM User " + user + " has no permissions to run the '" + command + "' command";
}

void RespClient::OnBytes(ByteView bytes) {
  if (closing_) return;
  reader_.Feed(bytes);
  Pump();
}

void RespClient::Resume() {
  BEACH_CHECK(running_);
  running_ = false;
  Pump();
}

// Does what has come, as far as it may.
void RespClient::Pump() {
  if (pumping_) return;
  pumping_ = true;
  while (!running_ && !draining_ && !closing_ && Step()) {
    if (out_.size() > kOutMax) Flush();
  }
  pumping_ = false;
  Flush();
  if (closing_) return;
  if (ended_ && !running_ && !draining_) return CloseSoon();
  const bool full = (running_ || draining_) && reader_.kept_bytes() > kKeptMax;
  if (full != paused_) connection_->PauseReading(paused_ = full);
}

// Takes commands up to the end of a run, and begins that. False: there are none.
bool RespClient::Step() {
  while (!running_ && !closing_) {
    if (!ahead_) {
      Result<std::optional<RespRequest>> next = reader_.Next();
      if (next && !*next) break;
      if (!next && !run_.items.empty()) break;  // it is said again
      if (!next) {
        writer().Error("ERR " + next.error().message());
        CloseSoon();
        return false;
      }
      ahead_ = **std::move(next);
    }
    RespRequest request = *std::exchange(ahead_, std::nullopt);
    if (Take(request)) {
      if (out_.size() > kOutMax) return true;
      continue;
    }
    ahead_ = std::move(request);
    ahead_is_paid_ = true;
    break;
  }
  if (run_.items.empty()) return false;
  Launch();
  return true;
}

// False, and nothing done: it has to wait until the run before it has ended.
bool RespClient::Take(RespRequest& request) {
  std::string error;
  const RespCommand* command = Look(request, error);
  if (command != nullptr && !Pay(*command)) {
    command = nullptr;
    error = RespErrorOfPace();
  }
  const bool queues = in_transaction && (command == nullptr || !command->in_multi_at_once);
  if (command == nullptr) {
    spoilt_ = spoilt_ || queues;
    AddError(std::move(error));
    return true;
  }
  if (command->plan != nullptr && !queues) return Join(request, *command);
  if (!run_.items.empty()) return false;
  ++node_.commands_seen;
  last_command = command->name;
  if (queues) {
    Queue(std::move(request), *command);
  } else {
    command->run(*this, request);
  }
  return true;
}

const RespCommand* RespClient::Look(const RespRequest& request, std::string& error) const {
  const RespCommand* const command = FindRespCommand(request[0]);
  if (command == nullptr) {
    error = "ERR unknown command '" + request[0].substr(0, 128) + "'";
  } else if (!ArityHolds(*command, request.size())) {
    error = "ERR wrong number of arguments for '" + LowerCase(command->name) + "' command";
  } else if (role() == Role::kNone && !command->before_auth) {
    error = "NOAUTH Authentication required.";
  } else if (role() < command->role && !command->before_auth) {
    error = NotPermitted(LowerCase(command->name));
  } else {
    return command;
  }
  return nullptr;
}

// Of its user's pace. What waited has done so.
bool RespClient::Pay(const RespCommand& command) {
  if (std::exchange(ahead_is_paid_, false) || command.before_auth || account_ == nullptr) {
    return true;
  }
  return account_->pace.Take(node_.clock.MonotonicNow());
}

void RespClient::AddError(std::string error) {
  if (run_.items.empty()) return writer().Error(error);
  run_.items.push_back({.request = {}, .plan = {}, .error = std::move(error), .results = {}});
}

bool RespClient::Join(RespRequest& request, const RespCommand& command) {
  RespPlanned planned = command.plan(request);
  std::string error;
  if (!planned) {
    error = planned.error();
  } else if (const Status sound = CheckPlan(*planned); !sound) {
    error = RespErrorOfInvalid(sound.error());
  }
  if (!error.empty()) {
    AddError(std::move(error));
    return true;
  }
  const bool writes = !planned->only_reads();
  const std::size_t results = planned->results();
  const std::uint64_t bytes = SizeOf(request);
  const bool fits = run_.plans == 0 ||
                    (writes == run_.writes && run_.items.size() < kItemsMax &&
                     run_.bytes + bytes <= kRunBytesMax && run_.results + results <= kReadsMax);
  if (!fits) return false;
  ++node_.commands_seen;
  last_command = command.name;
  ++run_.plans;
  run_.writes = writes;
  run_.results += results;
  run_.bytes += bytes;
  run_.items.push_back({.request = std::move(request),
                        .command = &command,
                        .plan = *std::move(planned),
                        .error = {},
                        .results = {}});
  return true;
}

void RespClient::Queue(RespRequest request, const RespCommand& command) {
  std::string error;
  RespPlan plan;
  if (command.plan == nullptr) {
    error = "ERR " + std::string(command.name) + " may not be in a transaction";
  } else if (RespPlanned planned = command.plan(request); !planned) {
    error = planned.error();
  } else if (const Status sound = CheckPlan(*planned); !sound) {
    error = RespErrorOfInvalid(sound.error());
  } else if (queued_size_ + SizeOf(request) > kCommandSizeMax || queued_.size() >= kQueuedMax) {
    error = "ERR as many commands are queued as may be";
  } else {
    plan = *std::move(planned);
  }
  if (!error.empty()) {
    spoilt_ = true;
    return writer().Error(error);
  }
  queued_size_ += SizeOf(request);
  queued_.push_back({.request = std::move(request),
                     .command = &command,
                     .plan = std::move(plan),
                     .error = {},
                     .results = {}});
  writer().Simple("QUEUED");
}

void RespClient::Flush() {
  if (out_.empty()) return;
  const bool sent = connection_->Send(out_);
  if (out_.capacity() > kOutMax * 4) {
    Bytes().swap(out_);
  } else {
    out_.clear();
  }
  if (!sent) {
    closing_ = true;
    return node_.DropLater(id_);
  }
  if (connection_->queued_bytes() > kOutMax) Drain(true);
}

// Whoever does not read what he was answered is done nothing for meanwhile, and let go in the end.
void RespClient::Drain(bool draining) {
  draining_ = draining;
  if (drain_timer_ != 0) node_.loop.Cancel(std::exchange(drain_timer_, 0));
  if (!draining) return;
  drain_timer_ = node_.loop.At(node_.clock.MonotonicNow() + node_.options.drain_max_ns, [this] {
    drain_timer_ = 0;
    closing_ = true;
    node_.DropLater(id_);
  });
}

void RespClient::CloseSoon() {
  if (closing_) return;
  closing_ = true;
  Flush();
  connection_->Close();
  Drain(true);
}

}  // namespace beach::server
