// SPDX-License-Identifier: Apache-2.0
#include "server/cli/remote_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "server/cli/signals.h"

namespace beach::server {
namespace {

constexpr unsigned kPortMax = 65'535;

bool IsAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  unsigned port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, wrong] = std::from_chars(text.data() + colon + 1, end, port);
  return wrong == std::errc() && rest == end && port > 0 && port <= kPortMax;
}

// For a call that has not been done, and what is to be done about it.
const char* Advice(Effect effect, FailureKind kind) {
  switch (kind) {
    case FailureKind::kUnknown:
      return "It may be done, now or later: look before you ask for it again.";
    case FailureKind::kInvalid:
    case FailureKind::kTooLarge: return "Nothing was done, nor would it be another time.";
    case FailureKind::kUnauthenticated:
    case FailureKind::kForbidden: return "Nothing was done: it takes a user with the role for it.";
    case FailureKind::kCompacted: return "Read anew: scan, and watch from there.";
    case FailureKind::kNoLeader:
    case FailureKind::kNotLeader:
    case FailureKind::kOverloaded:
    case FailureKind::kDeadline:
    case FailureKind::kSessionExpired:
    case FailureKind::kUnavailable: break;
  }
  return effect == Effect::kReads ? "Asking again is safe."
                                  : "Nothing was done: asking again is safe.";
}

}  // namespace

Result<std::vector<std::string>> ParseAddresses(const std::string& text) {
  std::vector<std::string> addresses;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    addresses.push_back(text.substr(begin, end - begin));
    if (!IsAddress(addresses.back())) {
      return Fail(ErrorCode::kInvalidArgument,
                  "addresses are like 10.0.0.1:7700,10.0.0.2:7700, not '" + text + "'");
    }
    begin = end + 1;
  }
  return addresses;
}

Result<std::unique_ptr<RemoteSession>> RemoteSession::Open(const env::Env& env,
                                                           RemoteOptions options) {
  std::unique_ptr<RemoteSession> session(new RemoteSession(env, std::move(options)));
  BEACH_TRY(session->Connect());
  return session;
}

Status RemoteSession::Connect() {
  ClientOptions options;
  options.addresses = options_.addresses;
  options.user = options_.user;
  options.token = options_.token;
  options.random_key = env_.clock->WallNow();
  // Ctrl-C is for the thread that reads what is typed.
  const Interrupts held;
  BEACH_TRY_ASSIGN(client_, BlockingClient::Open(env_, options));
  return {};
}

CallResult<StatusResult> RemoteSession::LeaderStatus() {
  auto status = client_->Status(timeout_ns());
  if (!status || status->role == NodeRole::kLeader) return status;
  const std::string leader = AddressOf(*status, status->leader);
  if (leader.empty()) return status;
  std::vector<std::string> addresses = {leader};
  const auto know = [&](const std::string& address) {
    const bool known = address.empty() || std::ranges::count(addresses, address) > 0;
    if (!known) addresses.push_back(address);
  };
  for (const std::string& address : options_.addresses) know(address);
  for (const StatusNode& node : status->nodes) know(node.address);
  options_.addresses = std::move(addresses);
  if (!Connect()) return status;  // no more descriptors: the client is as it was
  auto told = client_->Status(timeout_ns());
  return told ? told : status;
}

std::string AddressOf(const StatusResult& status, wire::NodeNumber node) {
  const auto found = std::ranges::find(status.nodes, node, &StatusNode::id);
  return found == status.nodes.end() ? "" : found->address;
}

std::string FailureText(const std::string& command, Effect effect, const CallFailure& failure) {
  return fmt::format("{}: {}: {}. {}", command, FailureKindName(failure.kind), failure.detail,
                     Advice(effect, failure.kind));
}

ExitCode Failed(const std::string& command, Effect effect, const CallFailure& failure) {
  fmt::print(stderr, "beachdb: {}\n", FailureText(command, effect, failure));
  const bool usage =
      failure.kind == FailureKind::kInvalid || failure.kind == FailureKind::kTooLarge;
  return usage ? ExitCode::kUsage : ExitCode::kEnvironment;
}

}  // namespace beach::server
