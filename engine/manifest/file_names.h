// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "engine/types.h"

// The names in a database directory. Every numbered file draws its number from one counter.

namespace beach::engine {

inline constexpr char kLockFileName[] = "LOCK";
inline constexpr char kIdentityFileName[] = "IDENTITY";
inline constexpr char kCurrentFileName[] = "CURRENT";
inline constexpr char kTemporarySuffix[] = ".tmp";

// "MANIFEST-000012".
std::string ManifestFileName(FileNumber file);

enum class FileKind : std::uint8_t {
  kLock,
  kIdentity,
  kCurrent,
  kManifest,
  kTable,
  kSegment,
  kTemporary,  // CURRENT.tmp, IDENTITY.tmp: always debris
};

struct FileName {
  FileKind kind = FileKind::kLock;
  FileNumber number;  // of manifests, tables and segments
};

// Nothing for a name that is none of ours: such a file is never touched.
std::optional<FileName> ParseFileName(ByteView name);

}  // namespace beach::engine
