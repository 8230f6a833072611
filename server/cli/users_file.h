// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "server/users/users.h"

namespace beach::server {

// A TOML file of users, which its owner alone may read:
//
//   [petrel]
//   role = "write"
//   token = "sha256:..."   # as `beachdb token` prints it
//
// kInvalidArgument: others may read or write it, or, beginning with "FILE:LINE:COLUMN:", what it
// says makes no sense; what stands where a token's hash should is not said again. kNotFound, kIo.
Result<std::vector<User>> ReadUsersFile(const std::string& path);

}  // namespace beach::server
