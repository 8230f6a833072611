// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace beach::server {

// Who may speak to a port that asks for a password. Of the port's loop.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // Both are borrowed. A client that names no user is "default".
  virtual bool Admits(ByteView user, ByteView password) = 0;
};

}  // namespace beach::server
