// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

// The exit codes that all binaries share.

namespace beach::server {

enum class ExitCode : int {
  kFine = 0,
  kFound = 1,  // the thing looked for: damage
  kUsage = 2,
  kEnvironment = 3,
  kRefused = 4,     // to open
  kNeverFired = 5,  // a failpoint that was armed
  kKeyAbsent = 6,
};

// Of a failure to open a database: damage refuses.
ExitCode ExitCodeOfOpening(const Error& error);
// Of a failure to use an open database: damage is found.
ExitCode ExitCodeOfUsing(const Error& error);
// Of a tool that looks at `path`, a file or a database, for damage. What is absent inside of a
// database that is there is damage; where `path` itself is absent there is nothing to look at.
ExitCode ExitCodeOfInspecting(const Error& error, const std::string& path);
// Of all that such a tool found. Damage before what cannot be judged: an unknown version, then a
// failed read.
ExitCode ExitCodeOfFindings(const std::vector<Error>& findings, const std::string& path);

}  // namespace beach::server
