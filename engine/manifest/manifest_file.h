// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/options.h"
#include "engine/types.h"

// The framing of a manifest file, without I/O (docs/formats/manifest.md).
//
//   header  40 bytes: magic "BEACHMAN", version u32, zero u32, file number u64, snapshot end u64,
//           CRC32C of the 32 bytes before u32, zero u32
//   record  CRC32C u32, length u32, payload; the CRC covers file number u64, offset u64, length
//           u32 and payload, so that a record of another file or place never passes
//
// The records below "snapshot end" were synced before CURRENT named the file: any damage there is
// corruption. Above it each record was synced before it was used, so that a bad one at the very end
// was never acknowledged: a torn tail.

namespace beach::engine {

inline constexpr std::size_t kManifestHeaderSize = 40;
inline constexpr std::size_t kManifestRecordHeaderSize = 8;
inline constexpr std::uint32_t kManifestVersion = 1;
inline constexpr std::uint64_t kManifestRecordSizeMax = 16 * kMiB;
inline constexpr std::uint64_t kManifestFileSizeMax = 1024 * kMiB;

Bytes EncodeManifestHeader(FileNumber file, std::uint64_t snapshot_end);
// Appends the record that stands at `offset` of the file.
// REQUIRES: a payload of 1 to kManifestRecordSizeMax bytes.
void AppendManifestRecord(Bytes& target, FileNumber file, std::uint64_t offset, ByteView payload);

struct ManifestRecord {
  std::uint64_t offset = 0;
  ByteView payload;  // points into the parsed bytes
};

struct ManifestContents {
  std::vector<ManifestRecord> records;
  std::uint64_t snapshot_end = 0;
  std::uint64_t end = 0;              // behind the last good record
  std::uint64_t torn_tail_bytes = 0;  // after it
};

// Hostile input is fine. kRefused: not a manifest, or an unknown version. kCorruption: damage that
// is no torn tail, with its offset; `contents` then holds the records before it.
Status ParseManifest(ByteView bytes, FileNumber file, const std::string& path,
                     ManifestContents& contents);

}  // namespace beach::engine
