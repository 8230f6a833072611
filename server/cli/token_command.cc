// SPDX-License-Identifier: Apache-2.0
// `beachdb token NAME --role ROLE`: a new token, and what the file of users has of it.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "server/cli/commands.h"
#include "server/users/users.h"

namespace beach::server {
namespace {

struct Arguments {
  std::string name;
  std::string role;
};

// As TOML has names without quotes.
bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// The token alone on standard output: it can go where it belongs without being seen.
Status Print(const Arguments& arguments) {
  if (!IsName(arguments.name)) {
    return Fail(ErrorCode::kInvalidArgument, "a name has 1 to 64 letters, digits, '-' and '_'");
  }
  BEACH_TRY_ASSIGN(const Role role, ParseRole(arguments.role));
  BEACH_TRY_ASSIGN(const std::string token, NewToken());
  BEACH_TRY_ASSIGN(const TokenHash hash, NewTokenHash(token));
  fmt::print(stderr, "[{}]\nrole = \"{}\"\ntoken = \"{}\"\n", arguments.name, RoleName(role),
             TextOf(hash));
  fmt::print("{}\n", token);
  return {};
}

ExitCode RunToken(const Arguments& arguments) {
  const Status printed = Print(arguments);
  if (printed) return ExitCode::kFine;
  fmt::print(stderr, "beachdb: {}\n", printed.error().message());
  return ExitCodeOfOpening(printed.error());
}

}  // namespace

void AddTokenCommand(command_line::Command root) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("token",
               "Draw a token for a user: it goes to standard output, and what the file of "
               "users has of it to standard error");
  command.Text("NAME", arguments->name, "The user", command_line::Need::kRequired);
  command.Text("--role", arguments->role, "read, write or admin", command_line::Need::kRequired);
  command.Examples(
      "Examples:\n"
      "  beachdb token petrel --role write 2>> users.toml > petrel.token; chmod 600 users.toml\n"
      "  beachdb serve --data /var/lib/beachdb --users users.toml");
  command.Does([arguments] { return static_cast<int>(RunToken(*arguments)); });
}

}  // namespace beach::server
