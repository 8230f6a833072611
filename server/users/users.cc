// SPDX-License-Identifier: Apache-2.0
#include "server/users/users.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/check.h"

namespace beach::server {
namespace {

constexpr char kTokenPrefix[] = "beachdb_";  // by which those who search for secrets know it
constexpr std::size_t kTokenBytes = 32;
constexpr char kHashPrefix[] = "sha256:";
constexpr char kDigits[] = "0123456789abcdef";

std::string HexOf(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<std::uint8_t> DigitOf(char letter) {
  const std::size_t at = ByteView(kDigits).find(letter);
  if (at == ByteView::npos) return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

// False: it is not of so many bytes.
bool ReadHex(ByteView text, std::span<std::uint8_t> bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto high = DigitOf(text[2 * i]);
    const auto low = DigitOf(text[2 * i + 1]);
    if (!high || !low) return false;
    bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return true;
}

Status Draw(std::span<std::uint8_t> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1) return {};
  return Fail(ErrorCode::kIo, "there are no random bytes to be had");
}

std::array<std::uint8_t, 32> Hash(const std::array<std::uint8_t, 16>& salt, ByteView token) {
  Bytes text(salt.begin(), salt.end());
  text += token;
  std::array<std::uint8_t, 32> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  OPENSSL_cleanse(text.data(), text.size());
  return hash;
}

}  // namespace

const char* RoleName(Role role) {
  switch (role) {
    case Role::kNone: break;
    case Role::kRead: return "read";
    case Role::kWrite: return "write";
    case Role::kAdmin: return "admin";
  }
  return "none";
}

Result<Role> ParseRole(ByteView name) {
  for (const Role role : {Role::kRead, Role::kWrite, Role::kAdmin}) {
    if (name == RoleName(role)) return role;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "a role is read, write or admin, not '" + Printable(name) + "'");
}

Result<std::string> NewToken() {
  std::array<std::uint8_t, kTokenBytes> drawn{};
  BEACH_TRY(Draw(drawn));
  return kTokenPrefix + HexOf(drawn);
}

Result<TokenHash> NewTokenHash(ByteView token) {
  TokenHash made;
  BEACH_TRY(Draw(made.salt));
  made.hash = Hash(made.salt, token);
  return made;
}

std::string TextOf(const TokenHash& hash) {
  return kHashPrefix + HexOf(hash.salt) + ":" + HexOf(hash.hash);
}

Result<TokenHash> ParseTokenHash(ByteView text) {
  TokenHash read;
  constexpr std::size_t kSaltAt = sizeof(kHashPrefix) - 1;
  constexpr std::size_t kHashAt = kSaltAt + 2 * 16 + 1;
  const bool sound = text.size() > kHashAt && text.starts_with(kHashPrefix) &&
                     text[kHashAt - 1] == ':' && ReadHex(text.substr(kSaltAt, 2 * 16), read.salt) &&
                     ReadHex(text.substr(kHashAt), read.hash);
  // What was written there may be the token itself: it is not said again.
  if (!sound) {
    return Fail(ErrorCode::kInvalidArgument,
                "it is sha256:SALT:HASH as `beachdb token` prints it, never the token itself");
  }
  return read;
}

bool Matches(const TokenHash& hash, ByteView token) {
  const std::array<std::uint8_t, 32> shown = Hash(hash.salt, token);
  return CRYPTO_memcmp(shown.data(), hash.hash.data(), shown.size()) == 0;
}

// For who is nobody as much is done.
std::shared_ptr<Account> Users::Find(ByteView user, ByteView token) {
  const auto found = users_.find(user);
  const bool matches = Matches(found == users_.end() ? TokenHash{} : found->second.token, token);
  return found != users_.end() && matches ? found->second.account : nullptr;
}

void Users::Renew(const std::vector<User>& users) {
  auto before = std::exchange(users_, {});
  for (const User& user : users) {
    Known& known = users_[user.name];
    known.token = user.token;
    const auto was = before.find(user.name);
    if (was != before.end() && was->second.token == user.token) {
      known.account = std::move(was->second.account);
      before.erase(was);
    } else {
      known.account = std::make_shared<Account>();
    }
    known.account->role = user.role;
    known.account->pace.Renew(user.rate, user.burst);
  }
  for (const auto& [name, gone] : before) gone.account->role = Role::kNone;
}

}  // namespace beach::server
