// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/expiry.h"
#include "engine/log_mark.h"
#include "engine/sst/table.h"
#include "engine/types.h"
#include "engine/wal/log.h"

// One atomic change of what the database consists of: the payload of one manifest record.
// Encoding (docs/formats/manifest.md): a version byte, then fields, each a varint tag and a
// length-prefixed body. Tags below 128 are critical: who does not know one must refuse the file.
// Others may be skipped.

namespace beach::engine {

inline constexpr std::uint8_t kManifestEditVersion = 1;

enum class ManifestTag : std::uint8_t {
  kDatabase = 1,        // high (fixed64), low (fixed64)
  kEpoch = 2,           // varint
  kNextFile = 3,        // varint
  kLastSequence = 4,    // varint
  kReplayFrom = 5,      // segment ordinal (varint), offset (varint)
  kDurable = 6,         // segment ordinal (varint), offset (varint)
  kAddTable = 7,        // to level 0: file, size, entries (varints), smallest, largest
                        // (length-prefixed), sequence min, sequence max (varints)
  kRemoveTable = 8,     // file (varint)
  kAddSegment = 9,      // ordinal, file, size (varints), end + 1 or 0 for open (varint)
  kSealSegment = 10,    // ordinal, end (varints)
  kRemoveSegment = 11,  // ordinal (varint)
  kAddTableBelow = 12,  // level (varint, 1 to 6), then as kAddTable
  kAddTableOf = 13,  // of another database: high, low (fixed64), level (varint), then as kAddTable
  kTime = 14,        // sequence number, time (varints); only where it was ever advanced
  kLogMark = 15,     // index (varint), state (length-prefixed); only with an external log
  kAddTableFrom = 16,  // another file number there: that (varint), then as kAddTableOf
};
inline constexpr std::uint64_t kFirstSkippableTag = 128;

// Tables are in levels 0 to kLevelCount - 1 (docs/internals/compaction.md).
inline constexpr std::uint32_t kLevelCount = 7;

struct ManifestEdit {
  struct Seal {
    SegmentOrdinal ordinal;
    std::uint64_t end = 0;
    friend bool operator==(const Seal&, const Seal&) = default;
  };

  std::optional<DatabaseId> database;
  std::optional<OpenEpoch> epoch;
  std::optional<FileNumber> next_file;
  std::optional<SequenceNumber> last_sequence;
  std::optional<LogPosition> replay_from;
  std::optional<LogPosition> durable;
  std::optional<TimeMark> time;
  std::optional<LogMark> log_mark;
  std::vector<TableInfo> tables_added;
  std::vector<FileNumber> tables_removed;
  std::vector<wal::Segment> segments_added;
  std::vector<Seal> segments_sealed;
  std::vector<SegmentOrdinal> segments_removed;

  friend bool operator==(const ManifestEdit&, const ManifestEdit&) = default;
};

Bytes EncodeManifestEdit(const ManifestEdit& edit);
// Hostile input is fine. kRefused: unknown version or critical tag. kCorruption: anything else that
// no encoder wrote. Errors name no file: the caller adds it.
Result<ManifestEdit> DecodeManifestEdit(ByteView bytes);

}  // namespace beach::engine
