// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"
#include "server/cli/exit_code.h"
#include "server/cli/rows.h"

namespace beach::server {

inline constexpr char kCasUsage[] = "usage: cas KEY VALUE NEW, or cas KEY NEW --absent";

// Prints what a compare-and-set has done; where nothing, what is there instead. Nothing there: no
// such key.
ExitCode TellOfCas(OutputForm form, bool done, const std::optional<Bytes>& instead);

}  // namespace beach::server
