// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/sst/table.h"
#include "env/env.h"

// The IDENTITY file: whose directory this is. Written once, at creation, before anything else; its
// layout is in docs/formats/manifest.md.

namespace beach::engine {

inline constexpr std::size_t kIdentitySize = 36;
inline constexpr std::uint32_t kIdentityVersion = 1;

Bytes EncodeIdentity(DatabaseId database);
// kRefused: not ours, or of an unknown version. kCorruption: ours, damaged.
Result<DatabaseId> DecodeIdentity(ByteView bytes, const std::string& path);

Result<DatabaseId> ReadIdentity(env::FileSystem& files, const std::string& directory);
// Durable when it returns.
Status WriteIdentity(env::FileSystem& files, const std::string& directory, DatabaseId database);

// A new identity, mixed from both clocks and the directory's name: enough to tell the files of two
// databases apart, and the same for the same simulated moment. Not a secret.
DatabaseId NewDatabaseId(env::Clock& clock, const std::string& directory);

}  // namespace beach::engine
