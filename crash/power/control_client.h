// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace beach::crash {

// Sends one line, without its end, to the control socket at `path`, and waits for the answer.
// Errors are those of ConnectTo, and kIo where the other side ends without an answer.
Result<std::string> AskControl(const std::string& path, const std::string& line);

}  // namespace beach::crash
