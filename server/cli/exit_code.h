// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

// The exit codes that all binaries share.

namespace beach::server {

enum class ExitCode : int {
  kFine = 0,
  kFound = 1,  // the thing looked for: damage
  kUsage = 2,
  kEnvironment = 3,
  kRefused = 4,  // to open
  kKeyAbsent = 6,
};

// Of a failure to open or to use a database: damage refuses.
ExitCode ExitCodeOfOpening(const Error& error);
// Of a tool that looks for damage.
ExitCode ExitCodeOfInspecting(const Error& error);

}  // namespace beach::server
