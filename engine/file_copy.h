// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "env/files.h"

namespace beach::engine {

// A copy under a new name, its content durable, its name not: the CRC32C of all of it.
Result<std::uint32_t> CopyFile(env::FileSystem& files, const std::string& from,
                               const std::string& to);

// The CRC32C of a whole file.
Result<std::uint32_t> ChecksumOfFile(env::FileSystem& files, const std::string& path);

}  // namespace beach::engine
