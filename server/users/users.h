// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
  // Requests a second, and how many of them at once; each at most kPaceMax. A rate of 0: no limit.
  std::uint64_t rate = 0;
  std::uint64_t burst = 0;
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
  explicit Users(const std::vector<User>& users) { Renew(users); }

  std::shared_ptr<Account> Find(ByteView user, ByteView token) override;
  // Who has the same token as before goes on, with the role and the pace that he has now. Who has
  // another one, or is a user no more, is nobody until he shows it.
  void Renew(const std::vector<User>& users);

 private:
  struct Known {
    TokenHash token;
    std::shared_ptr<Account> account;
  };
  std::map<std::string, Known, std::less<>> users_;
};

}  // namespace beach::server
