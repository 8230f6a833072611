// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"

namespace beach::engine {

// The whole file. kCorruption when it is larger than `size_max`.
Result<Bytes> ReadSmallFile(env::FileSystem& files, const std::string& path,
                            std::uint64_t size_max);

// Writes "name.tmp" in `directory`, synced, replacing a leftover of that name. It becomes `name` by
// PublishSmallFile: rename, then directory sync. After a crash `name` is the old file or the new
// one, whole.
Status WriteTemporaryFile(env::FileSystem& files, const std::string& directory,
                          const std::string& name, ByteView contents);
Status PublishSmallFile(env::FileSystem& files, const std::string& directory,
                        const std::string& name);

}  // namespace beach::engine
