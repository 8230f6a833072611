// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

// Whole files of the machine that the sweep runs on: artifacts, reports, traces.

namespace beach::sim::sweep {

Result<std::string> OsReadFile(const std::string& path);
// Creates the folder it lies in. A reader sees the old file or the new one, whole.
Status OsWriteFile(const std::string& path, const std::string& text);
Status OsMakeFolder(const std::string& path);

}  // namespace beach::sim::sweep
