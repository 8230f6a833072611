// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/env.h"
#include "server/cli/exit_code.h"
#include "server/cli/rows.h"
#include "server/client/blocking_client.h"

namespace beach::server {

// "10.0.0.1:7700,10.0.0.2:7700". kInvalidArgument: one of them has no host or no port.
Result<std::vector<std::string>> ParseAddresses(const std::string& text);

struct RemoteOptions {
  std::vector<std::string> addresses;
  std::string user = "default";
  std::string token;             // empty: it says nothing of who it is
  std::uint64_t timeout_ns = 0;  // of each command; 0: as long as it takes
  Consistency consistency = Consistency::kLinearizable;
  OutputForm form = OutputForm::kTable;
};

// A cluster that commands are given to.
class RemoteSession {
 public:
  // kIo: no more descriptors. That nobody answers is found by the first call.
  static Result<std::unique_ptr<RemoteSession>> Open(const env::Env& env, RemoteOptions options);

  BlockingClient& client() { return *client_; }
  const RemoteOptions& options() const { return options_; }
  OutputForm form() const { return options_.form; }
  std::uint64_t timeout_ns() const { return options_.timeout_ns; }
  const env::Env& env() const { return env_; }

  // As the leader tells it, where it is known and answers; else as any node does. From then on the
  // leader is asked first, and all nodes are known that it knows.
  CallResult<StatusResult> LeaderStatus();

 private:
  RemoteSession(const env::Env& env, RemoteOptions options)
      : env_(env), options_(std::move(options)) {}
  Status Connect();

  const env::Env& env_;
  RemoteOptions options_;
  std::unique_ptr<BlockingClient> client_;
};

// The address of that node; "": not known.
std::string AddressOf(const StatusResult& status, wire::NodeNumber node);

enum class Effect : std::uint8_t { kReads, kChanges };
// Why the command has failed, and whether it is safe to give it again. "put: deadline: ..."
std::string FailureText(const std::string& command, Effect effect, const CallFailure& failure);
// Prints that.
ExitCode Failed(const std::string& command, Effect effect, const CallFailure& failure);

}  // namespace beach::server
