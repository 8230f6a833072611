// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "command_line/command.h"
#include "env/env.h"
#include "env/tls/tls_loop.h"

namespace beach::server {

// What is said of how a cluster is talked to, and who we are there.
struct AccessArguments {
  std::optional<std::string> user;
  std::optional<std::string> token_file;
  std::optional<std::string> tls_ca;
  std::optional<std::string> tls_cert;
  std::optional<std::string> tls_key;

  bool any() const { return user || token_file || tls_ca || tls_cert || tls_key; }
};

// Declares an option for each. `arguments` outlives the command line.
void AddAccessOptions(const command_line::Command& command, AccessArguments& arguments);

// The same, read from its files. A token is in a file or in the environment (BEACHDB_TOKEN), not
// on the command line, which others on the machine can see.
class Access {
 public:
  // Blocks. kInvalidArgument: what is said does not fit together, or a file has none of what it is
  // to have. Else what reading returns. No message has any of a token or of a key in it.
  // `env` outlives it.
  static Result<std::unique_ptr<Access>> Open(const env::Env& env,
                                              const AccessArguments& arguments);

  const env::Env& env() const { return env_; }  // its network is under TLS if we are to be
  const std::string& user() const { return user_; }
  const std::string& token() const { return token_; }  // empty: we say nothing of who we are

 private:
  explicit Access(const env::Env& env) : env_(env) {}

  env::Env env_;
  std::optional<env::TlsNetwork> tls_;
  std::string user_ = "default";
  std::string token_;
};

}  // namespace beach::server
