// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "server/service/token_bucket.h"

namespace beach::server {

// What somebody may do; each may do what those before it may.
enum class Role : std::uint8_t {
  kNone,   // say who he is
  kRead,   // keys, and how the cluster is
  kWrite,  // change keys
  kAdmin,  // change the cluster; see what others do
};

// Somebody who has shown who he is. All his connections share it, and look at it at each request:
// what changes in it is so at once.
struct Account {
  Role role = Role::kNone;  // none: he is nobody any more
  TokenBucket pace;         // of his requests, but for those that anybody may make
};

// Who may speak to a node that has users. Of its loop.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // Both are borrowed. A client that names no user is "default". Null: it is nobody.
  virtual std::shared_ptr<Account> Find(ByteView user, ByteView token) = 0;
};

}  // namespace beach::server
