// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"

// Files that are read whole and replaced whole: lists, identities.

namespace beach::env {

// Of what is being written; a leftover is debris.
inline constexpr char kTemporarySuffix[] = ".tmp";

// The whole file. kCorruption when it is larger than `size_max`.
Result<Bytes> ReadSmallFile(FileSystem& files, const std::string& path, std::uint64_t size_max);

// Writes "name.tmp" in `directory`, synced, replacing a leftover of that name. It becomes `name` by
// PublishSmallFile: rename, then directory sync. After a crash `name` is the old file or the new
// one, whole.
Status WriteTemporaryFile(FileSystem& files, const std::string& directory, const std::string& name,
                          ByteView contents);
Status PublishSmallFile(FileSystem& files, const std::string& directory, const std::string& name);

}  // namespace beach::env
