// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "env/files.h"

namespace beach::env {

// A file system in this process's memory, empty at first: what is in it is as durable as the
// process. Its files are never larger together than `bytes_max`, those that are open and have no
// name any more included: what would make them so is kNoSpace, and changes nothing. Zeros take no
// memory where whole stretches are nothing else. Direct files are kUnsupported. Thread-safe;
// outlives its files and locks.
std::unique_ptr<FileSystem> NewMemoryFiles(std::uint64_t bytes_max);

}  // namespace beach::env
