// SPDX-License-Identifier: Apache-2.0
#include "server/cli/users_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "server/protocol/request.h"

namespace beach::server {
namespace {

std::unexpected<Error> WrongAt(const std::string& path, const toml::node& node,
                               std::string_view what) {
  const toml::source_position& where = node.source().begin;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}:{}:{}: {}", path, where.line, where.column, what));
}

// Who can read what is kept of tokens learns nothing of them; who can write it is anybody.
Status CheckAccess(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return Fail(ErrnoError(errno, "stat", path));
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: others than its owner may open it; chmod 600 {}", path, path));
}

Result<std::uint64_t> ReadPace(const std::string& path, const toml::node& node) {
  const auto* const number = node.as_integer();
  if (number != nullptr && number->get() > 0 && number->get() <= std::int64_t{kPaceMax}) {
    return static_cast<std::uint64_t>(number->get());
  }
  return WrongAt(path, node, fmt::format("it is a number, 1 to {}", kPaceMax));
}

Result<User> ReadUser(const std::string& path, std::string name, const toml::node& node) {
  if (name.empty() || name.size() > kUserSizeMax) {
    return WrongAt(path, node, "a user has a name of 1 to 64 bytes");
  }
  const toml::table* const table = node.as_table();
  if (table == nullptr) return WrongAt(path, node, "it is [NAME], and below it role and token");
  User user{.name = std::move(name), .role = Role::kNone, .token = {}, .rate = 0, .burst = 0};
  bool has_token = false;
  for (const auto& [key, value] : *table) {
    if (key.str() == "rate" || key.str() == "burst") {
      BEACH_TRY_ASSIGN((key.str() == "rate" ? user.rate : user.burst), ReadPace(path, value));
      continue;
    }
    const auto* const text = value.as_string();
    if (text == nullptr || (key.str() != "role" && key.str() != "token")) {
      return WrongAt(path, value,
                     "a user has role and token, both texts, and may have rate and burst");
    }
    if (key.str() == "role") {
      const auto role = ParseRole(text->get());
      if (!role) return WrongAt(path, value, role.error().message());
      user.role = *role;
    } else {
      const auto hash = ParseTokenHash(text->get());
      if (!hash) return WrongAt(path, value, hash.error().message());
      user.token = *hash;
      has_token = true;
    }
  }
  if (user.role == Role::kNone) return WrongAt(path, node, "a role is missing");
  if (user.burst > 0 && user.rate == 0) return WrongAt(path, node, "a burst is of a rate");
  if (user.burst == 0) user.burst = user.rate;
  if (!has_token) return WrongAt(path, node, "a token is missing");
  return user;
}

}  // namespace

Result<std::vector<User>> ReadUsersFile(const std::string& path) {
  BEACH_TRY(CheckAccess(path));
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    // Its description may have what stands there.
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}:{}: this is no TOML", path, parsed.error().source().begin.line));
  }
  std::vector<User> users;
  for (const auto& [key, node] : parsed.table()) {
    BEACH_TRY_ASSIGN(User user, ReadUser(path, std::string(key.str()), node));
    users.push_back(std::move(user));
  }
  if (users.empty()) {
    return Fail(ErrorCode::kInvalidArgument, path + ": there is no user in it");
  }
  return users;
}

}  // namespace beach::server
