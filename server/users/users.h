// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "server/service/authenticator.h"

// Who may ask a node, and for what. A user shows a token, which was drawn for him, 256 bits of it:
// nobody finds it by trying, so that what is kept of it needs no slow hash, and one look costs a
// microsecond on the loop. A password that a person has thought of is none.

namespace beach::server {

// What is kept of a token: it cannot be had back.
struct TokenHash {
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> hash{};  // SHA-256 of the salt and the token
  friend bool operator==(const TokenHash&, const TokenHash&) = default;
};

struct User {
  std::string name;
  Role role = Role::kNone;
  TokenHash token;
};

// "read", "write", "admin".
const char* RoleName(Role role);
// kInvalidArgument with what it may be.
Result<Role> ParseRole(ByteView name);

// "beachdb_" and 64 digits, never the same again. kIo: the OS gives no random bytes.
Result<std::string> NewToken();
Result<TokenHash> NewTokenHash(ByteView token);
// As files have it: "sha256:SALT:HASH", in hexadecimal digits.
std::string TextOf(const TokenHash& hash);
Result<TokenHash> ParseTokenHash(ByteView text);
// Takes as long whatever is wrong.
bool Matches(const TokenHash& hash, ByteView token);

class Users final : public Authenticator {
 public:
  explicit Users(std::vector<User> users) : users_(std::move(users)) {}

  Role RoleOf(ByteView user, ByteView token) override;
  // For those who say from here on who they are.
  void Renew(std::vector<User> users) { users_ = std::move(users); }

 private:
  std::vector<User> users_;
};

}  // namespace beach::server
