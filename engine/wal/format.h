// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/types.h"

// The bytes of a log segment: docs/formats/wal.md has these tables and a worked example, and a test
// holds them to this file. A segment is a header block, then items: flights, run records, vouches.

namespace beach::engine::wal {

inline constexpr std::uint64_t kBlockSize = 4096;   // flights share none
inline constexpr std::uint64_t kChunkSize = 32768;  // a run record crosses none it does not start
inline constexpr std::uint64_t kSegmentSizeMin = 64 * 1024;
inline constexpr std::uint64_t kSegmentSizeMax = (std::uint64_t{1} << 32) - kBlockSize;
inline constexpr std::uint32_t kSegmentFormatVersion = 1;
inline constexpr std::uint32_t kSaltedFormatVersion = 2;  // of a log that has a salt
inline constexpr std::uint8_t kItemVersion = 1;
inline constexpr ByteView kSegmentMagic{"BEACHWAL", 8};

// The header of an item: offset and size of each field.
inline constexpr std::uint64_t kItemCrcOffset = 0, kItemCrcSize = 4;
inline constexpr std::uint64_t kItemLengthOffset = 4, kItemLengthSize = 4;
inline constexpr std::uint64_t kItemKindOffset = 8, kItemKindSize = 1;
inline constexpr std::uint64_t kItemVersionOffset = 9, kItemVersionSize = 1;
inline constexpr std::uint64_t kItemReservedOffset = 10, kItemReservedSize = 2;
inline constexpr std::uint64_t kItemCountOffset = 12, kItemCountSize = 4;
inline constexpr std::uint64_t kItemSegmentOffset = 16, kItemSegmentSize = 8;
inline constexpr std::uint64_t kItemOwnOffset = 24, kItemOwnSize = 4;
inline constexpr std::uint64_t kItemPreviousOffset = 28, kItemPreviousSize = 4;
inline constexpr std::uint64_t kItemEpochOffset = 32, kItemEpochSize = 8;
inline constexpr std::uint64_t kItemSequenceOffset = 40, kItemSequenceSize = 8;
inline constexpr std::uint64_t kItemDurableSegmentOffset = 48, kItemDurableSegmentSize = 8;
inline constexpr std::uint64_t kItemDurableOffset = 56, kItemDurableSize = 4;
inline constexpr std::uint64_t kItemSaltOffset = 60, kItemSaltSize = 4;
inline constexpr std::uint64_t kItemHeaderSize = 64;
static_assert(kItemLengthOffset == kItemCrcOffset + kItemCrcSize);
static_assert(kItemKindOffset == kItemLengthOffset + kItemLengthSize);
static_assert(kItemVersionOffset == kItemKindOffset + kItemKindSize);
static_assert(kItemReservedOffset == kItemVersionOffset + kItemVersionSize);
static_assert(kItemCountOffset == kItemReservedOffset + kItemReservedSize);
static_assert(kItemSegmentOffset == kItemCountOffset + kItemCountSize);
static_assert(kItemOwnOffset == kItemSegmentOffset + kItemSegmentSize);
static_assert(kItemPreviousOffset == kItemOwnOffset + kItemOwnSize);
static_assert(kItemEpochOffset == kItemPreviousOffset + kItemPreviousSize);
static_assert(kItemSequenceOffset == kItemEpochOffset + kItemEpochSize);
static_assert(kItemDurableSegmentOffset == kItemSequenceOffset + kItemSequenceSize);
static_assert(kItemDurableOffset == kItemDurableSegmentOffset + kItemDurableSegmentSize);
static_assert(kItemSaltOffset == kItemDurableOffset + kItemDurableSize);
static_assert(kItemHeaderSize == kItemSaltOffset + kItemSaltSize);

// The header block of a segment; the rest of the block is zeros, and under the checksum.
inline constexpr std::uint64_t kSegmentMagicOffset = 0, kSegmentMagicSize = 8;
inline constexpr std::uint64_t kSegmentVersionOffset = 8, kSegmentVersionSize = 4;
inline constexpr std::uint64_t kSegmentCrcOffset = 12, kSegmentCrcSize = 4;
inline constexpr std::uint64_t kSegmentOrdinalOffset = 16, kSegmentOrdinalSize = 8;
inline constexpr std::uint64_t kSegmentEpochOffset = 24, kSegmentEpochSize = 8;
inline constexpr std::uint64_t kSegmentFileSizeOffset = 32, kSegmentFileSizeSize = 8;
inline constexpr std::uint64_t kSegmentPredecessorOffset = 40, kSegmentPredecessorSize = 8;
inline constexpr std::uint64_t kSegmentPredecessorEndOffset = 48, kSegmentPredecessorEndSize = 8;
inline constexpr std::uint64_t kSegmentFormerOffset = 56, kSegmentFormerSize = 8;
inline constexpr std::uint64_t kSegmentSaltOffset = 64, kSegmentSaltSize = 8;
inline constexpr std::uint64_t kSegmentHeaderSize = kBlockSize;  // where the first item may start
static_assert(kSegmentVersionOffset == kSegmentMagicOffset + kSegmentMagicSize);
static_assert(kSegmentCrcOffset == kSegmentVersionOffset + kSegmentVersionSize);
static_assert(kSegmentOrdinalOffset == kSegmentCrcOffset + kSegmentCrcSize);
static_assert(kSegmentEpochOffset == kSegmentOrdinalOffset + kSegmentOrdinalSize);
static_assert(kSegmentFileSizeOffset == kSegmentEpochOffset + kSegmentEpochSize);
static_assert(kSegmentPredecessorOffset == kSegmentFileSizeOffset + kSegmentFileSizeSize);
static_assert(kSegmentPredecessorEndOffset == kSegmentPredecessorOffset + kSegmentPredecessorSize);
static_assert(kSegmentFormerOffset == kSegmentPredecessorEndOffset + kSegmentPredecessorEndSize);
static_assert(kSegmentSaltOffset == kSegmentFormerOffset + kSegmentFormerSize);

// Values are on disk: never renumbered.
enum class ItemKind : std::uint8_t {
  kFlight = 1,     // a synced write: whole blocks
  kRunRecord = 2,  // an un-synced write: packed
  kVouch = 3,      // one block, written for its `durable`; a payload is no operations
};

constexpr std::uint64_t BlockUp(std::uint64_t offset) {
  return (offset + kBlockSize - 1) / kBlockSize * kBlockSize;
}
constexpr std::uint64_t ChunkUp(std::uint64_t offset) {
  return (offset + kChunkSize - 1) / kChunkSize * kChunkSize;
}

// Where a run record of `size` bytes starts that may start at `offset` or later. A reader finds it:
// rounding up to a block first never jumps over the start of a chunk.
constexpr std::uint64_t RunRecordBegin(std::uint64_t offset, std::uint64_t size) {
  const bool crosses = offset % kChunkSize != 0 && offset % kChunkSize + size > kChunkSize;
  return crosses ? ChunkUp(offset) : offset;
}

struct ItemHeader {
  std::uint32_t crc = 0;             // as stored; EncodeItem computes it
  std::uint32_t payload_length = 0;  // bytes
  ItemKind kind = ItemKind::kFlight;
  std::uint32_t count = 0;
  LogPosition begin;
  std::uint64_t previous_end = 0;  // in the same segment; of the first item: kSegmentHeaderSize
  OpenEpoch epoch;
  SequenceNumber first_sequence;
  LogPosition durable;
  LogSalt salt{};

  // Header, payload and padding.
  std::uint64_t size() const {
    const std::uint64_t bytes = kItemHeaderSize + payload_length;
    return kind == ItemKind::kRunRecord ? bytes : BlockUp(bytes);
  }
  std::uint64_t end() const { return begin.offset + size(); }
  friend bool operator==(const ItemHeader&, const ItemHeader&) = default;
};

// Writes the item's size() bytes to `target`. REQUIRES: a well-placed item; payload_length is that
// of `payload`.
void EncodeItem(const ItemHeader& header, ByteView payload, char* target);

// What a reader knows of an item before it looks.
struct ItemPlace {
  SegmentOrdinal segment;
  OpenEpoch epoch;
  std::uint64_t offset = 0;
  std::uint64_t limit = 0;  // the item must end at or below this offset
  LogSalt salt{};
};

// Whether an item may begin or end there: behind a segment's header. {} is nowhere, and may stand
// where nothing is known.
constexpr bool MayBePosition(LogPosition position) {
  return position == LogPosition{} || position.offset >= kSegmentHeaderSize;
}

// The header in the first kItemHeaderSize bytes of `bytes`, if every field is legal at `place`. The
// checksum is not looked at. False: no item is here.
bool DecodeItemHeader(ByteView bytes, const ItemPlace& place, ItemHeader& header);

// What the checksum of an item begins with: half of the salt. The other half stands in its header.
constexpr std::uint32_t ItemCrcSeed(LogSalt salt) { return static_cast<std::uint32_t>(salt.value); }
// The checksum of an item whose bytes, all size() of them, begin with the four of the checksum.
std::uint32_t ItemCrc(ByteView item, LogSalt salt = {});

struct SegmentBlock {
  SegmentOrdinal ordinal;
  OpenEpoch epoch;
  std::uint64_t file_size_bytes = 0;
  LogPosition predecessor_end;
  // The segment that the file was before, whose bytes are still in it; 0: the file had zeros.
  SegmentOrdinal former{};
  LogSalt salt{};  // of the log; 0: none, and then it is of the first version

  friend bool operator==(const SegmentBlock&, const SegmentBlock&) = default;
};

Bytes EncodeSegmentBlock(const SegmentBlock& block);

// kCorruption, or kRefused for a whole block of an unknown format version; without path.
Result<SegmentBlock> DecodeSegmentBlock(ByteView bytes);

}  // namespace beach::engine::wal
