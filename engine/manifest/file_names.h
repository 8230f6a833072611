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
inline constexpr char kPartialFileName[] = "PARTIAL";

// No file of ours has a number above it. It leaves all arithmetic on numbers far from overflow.
inline constexpr FileNumber kFileNumberMax{std::uint64_t{1} << 62};

// "MANIFEST-000012".
std::string ManifestFileName(FileNumber file);

enum class FileKind : std::uint8_t {
  kLock,
  kIdentity,
  kCurrent,
  kManifest,
  kTable,
  kSegment,
  kPartial,    // a copy that is not whole yet; where there is a CURRENT, debris
  kTemporary,  // CURRENT.tmp, IDENTITY.tmp: always debris
};

struct FileName {
  FileKind kind = FileKind::kLock;
  FileNumber number;  // of manifests, tables and segments
};

// Nothing for a name that is none of ours: such a file is never touched. A number above
// kFileNumberMax is spelt as ours are and is told, as long as it fits 64 bits.
std::optional<FileName> ParseFileName(ByteView name);

}  // namespace beach::engine
