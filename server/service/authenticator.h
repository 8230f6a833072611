// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace beach::server {

// What somebody may do; each may do what those before it may.
enum class Role : std::uint8_t {
  kNone,   // say who he is
  kRead,   // keys, and how the cluster is
  kWrite,  // change keys
  kAdmin,  // change the cluster; see what others do
};

// Who may speak to a node that has users. Of its loop.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // Both are borrowed. A client that names no user is "default". kNone: it is nobody.
  virtual Role RoleOf(ByteView user, ByteView token) = 0;
};

}  // namespace beach::server
