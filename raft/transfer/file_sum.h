// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "env/files.h"

namespace beach::raft {

struct FileSum {
  std::uint64_t size_bytes = 0;
  std::uint32_t crc = 0;  // CRC32C
};
// Of a file as it is now, read piece by piece.
Result<FileSum> SumOfFile(env::FileSystem& files, const std::string& path);

}  // namespace beach::raft
