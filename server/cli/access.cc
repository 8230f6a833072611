// SPDX-License-Identifier: Apache-2.0
#include "server/cli/access.h"

#include <cstdlib>

#include "base/units.h"
#include "env/small_file.h"
#include "env/tls/tls_files.h"
#include "server/protocol/request.h"

namespace beach::server {
namespace {

constexpr char kTokenVariable[] = "BEACHDB_TOKEN";
constexpr char kBlanks[] = " \t\r\n";
constexpr std::uint64_t kTokenFileMax = 4096;

Result<std::string> ReadToken(env::FileSystem& files, const AccessArguments& arguments) {
  std::string text;
  std::string where = kTokenVariable;
  if (arguments.token_file) {
    where = *arguments.token_file;
    BEACH_TRY_ASSIGN(text, ReadSmallFile(files, where, kTokenFileMax));
  } else if (const char* const value = std::getenv(kTokenVariable)) {
    text = value;
  } else {
    return std::string();
  }
  text.erase(0, text.find_first_not_of(kBlanks));
  text.erase(text.find_last_not_of(kBlanks) + 1);
  const bool one = !text.empty() && text.size() <= kTokenSizeMax &&
                   text.find_first_of(kBlanks) == std::string::npos;
  if (one) return text;
  return Fail(ErrorCode::kInvalidArgument, where + ": it is to have one token, and no more");
}

}  // namespace

void AddAccessOptions(const command_line::Command& command, AccessArguments& arguments) {
  command.Text("--user", arguments.user,
               "Who you are, where nodes have users; else \"default\" (--connect)");
  command.Text("--token-file", arguments.token_file,
               "File of your token; else BEACHDB_TOKEN has it (--connect)");
  command.Text("--tls-ca", arguments.tls_ca,
               "File of the authorities, PEM, that sign for nodes that are under TLS (--connect)");
  command.Text("--tls-cert", arguments.tls_cert,
               "File of your certificate, PEM, for nodes that ask for one (--connect)");
  command.Text("--tls-key", arguments.tls_key, "File of its key (--connect)");
}

Result<std::unique_ptr<Access>> Access::Open(const env::Env& env,
                                             const AccessArguments& arguments) {
  const auto wrong = [](const char* why) { return Fail(ErrorCode::kInvalidArgument, why); };
  if (arguments.tls_cert.has_value() != arguments.tls_key.has_value()) {
    return wrong("--tls-cert and --tls-key are given together");
  }
  if (arguments.tls_cert && !arguments.tls_ca) {
    return wrong("--tls-cert is given with --tls-ca: who are the nodes to be?");
  }
  std::unique_ptr<Access> access(new Access(env));
  if (arguments.user) access->user_ = *arguments.user;
  if (access->user_.empty() || access->user_.size() > kUserSizeMax) {
    return wrong("--user is 1 to 64 bytes");
  }
  BEACH_TRY_ASSIGN(access->token_, ReadToken(*env.files, arguments));
  if (arguments.user && access->token_.empty()) {
    return wrong("--user needs a token: --token-file, or BEACHDB_TOKEN");
  }
  if (!arguments.tls_ca) return access;
  const env::TlsFiles from{.certificate = arguments.tls_cert.value_or(""),
                           .key = arguments.tls_key.value_or(""),
                           .authorities = *arguments.tls_ca};
  BEACH_TRY_ASSIGN(auto context, ReadTlsContext(*env.files, from, {}));
  access->env_.network = &access->tls_.emplace(*env.network, *env.clock, std::move(context));
  return access;
}

}  // namespace beach::server
