// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/format.h"

#include <cstring>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::engine::wal {

namespace {

// Where an item of this kind and size may stand.
bool WellPlaced(ItemKind kind, std::uint64_t offset, std::uint64_t size) {
  if (offset < kSegmentHeaderSize) return false;
  if (kind != ItemKind::kRunRecord) return offset % kBlockSize == 0;
  return offset % kChunkSize == 0 || offset % kChunkSize + size <= kChunkSize;
}

// What may lie between an item and the one before it: nothing, the rest of a block, or the rest of
// a chunk.
bool WellLinked(std::uint64_t previous_end, std::uint64_t offset) {
  if (previous_end < kSegmentHeaderSize || previous_end > offset) return false;
  return offset == previous_end || offset == BlockUp(previous_end) ||
         offset == ChunkUp(previous_end);
}

// The half of the salt that an item has in its header.
constexpr std::uint32_t SaltInItem(LogSalt salt) {
  return static_cast<std::uint32_t>(salt.value >> 32);
}

// It has room in the block that is kept for it.
bool MayBeVouch(const ItemHeader& header) {
  return header.count == 0 && kItemHeaderSize + header.payload_length <= kBlockSize;
}

}  // namespace

void EncodeItem(const ItemHeader& header, ByteView payload, char* target) {
  const std::uint64_t size = header.size();
  BEACH_CHECK_EQ(header.payload_length, payload.size());
  BEACH_CHECK(WellPlaced(header.kind, header.begin.offset, size));
  BEACH_CHECK(WellLinked(header.previous_end, header.begin.offset));
  BEACH_CHECK_LE(header.end(), kSegmentSizeMax);
  StoreFixed(target + kItemLengthOffset, header.payload_length);
  StoreFixed(target + kItemKindOffset, static_cast<std::uint8_t>(header.kind));
  StoreFixed(target + kItemVersionOffset, kItemVersion);
  StoreFixed(target + kItemReservedOffset, std::uint16_t{0});
  StoreFixed(target + kItemCountOffset, header.count);
  StoreFixed(target + kItemSegmentOffset, header.begin.segment.value);
  StoreFixed(target + kItemOwnOffset, static_cast<std::uint32_t>(header.begin.offset));
  StoreFixed(target + kItemPreviousOffset, static_cast<std::uint32_t>(header.previous_end));
  StoreFixed(target + kItemEpochOffset, header.epoch.value);
  StoreFixed(target + kItemSequenceOffset, header.first_sequence.value);
  StoreFixed(target + kItemDurableSegmentOffset, header.durable.segment.value);
  StoreFixed(target + kItemDurableOffset, static_cast<std::uint32_t>(header.durable.offset));
  StoreFixed(target + kItemSaltOffset, SaltInItem(header.salt));
  if (!payload.empty()) std::memcpy(target + kItemHeaderSize, payload.data(), payload.size());
  const std::uint64_t used = kItemHeaderSize + payload.size();
  std::memset(target + used, 0, size - used);
  StoreFixed(target + kItemCrcOffset, ItemCrc(ByteView(target, size), header.salt));
}

bool DecodeItemHeader(ByteView bytes, const ItemPlace& place, ItemHeader& header) {
  if (bytes.size() < kItemHeaderSize) return false;
  const char* const source = bytes.data();
  const auto kind = LoadFixed<std::uint8_t>(source + kItemKindOffset);
  if (kind < static_cast<std::uint8_t>(ItemKind::kFlight) ||
      kind > static_cast<std::uint8_t>(ItemKind::kVouch) ||
      LoadFixed<std::uint8_t>(source + kItemVersionOffset) != kItemVersion ||
      LoadFixed<std::uint16_t>(source + kItemReservedOffset) != 0 ||
      LoadFixed<std::uint32_t>(source + kItemSaltOffset) != SaltInItem(place.salt)) {
    return false;
  }
  header.crc = LoadFixed<std::uint32_t>(source + kItemCrcOffset);
  header.payload_length = LoadFixed<std::uint32_t>(source + kItemLengthOffset);
  header.kind = static_cast<ItemKind>(kind);
  header.count = LoadFixed<std::uint32_t>(source + kItemCountOffset);
  header.begin.segment = SegmentOrdinal(LoadFixed<std::uint64_t>(source + kItemSegmentOffset));
  header.begin.offset = LoadFixed<std::uint32_t>(source + kItemOwnOffset);
  header.previous_end = LoadFixed<std::uint32_t>(source + kItemPreviousOffset);
  header.epoch = OpenEpoch(LoadFixed<std::uint64_t>(source + kItemEpochOffset));
  header.first_sequence = SequenceNumber(LoadFixed<std::uint64_t>(source + kItemSequenceOffset));
  header.durable.segment =
      SegmentOrdinal(LoadFixed<std::uint64_t>(source + kItemDurableSegmentOffset));
  header.durable.offset = LoadFixed<std::uint32_t>(source + kItemDurableOffset);
  header.salt = place.salt;
  if (header.begin != LogPosition{place.segment, place.offset} || header.epoch != place.epoch) {
    return false;
  }
  if (header.kind == ItemKind::kVouch && !MayBeVouch(header)) return false;
  return header.end() <= place.limit && header.durable <= header.begin &&
         MayBePosition(header.durable) &&
         WellPlaced(header.kind, header.begin.offset, header.size()) &&
         WellLinked(header.previous_end, header.begin.offset);
}

std::uint32_t ItemCrc(ByteView item, LogSalt salt) {
  BEACH_CHECK_GE(item.size(), kItemHeaderSize);
  return Crc32c(item.substr(kItemLengthOffset), ItemCrcSeed(salt));
}

namespace {

std::uint32_t SegmentCrc(ByteView block) {
  const std::uint32_t head = Crc32c(block.substr(0, kSegmentCrcOffset));
  return Crc32c(block.substr(kSegmentOrdinalOffset), head);
}

}  // namespace

Bytes EncodeSegmentBlock(const SegmentBlock& block) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Raw(kSegmentMagic);
  encoder.Fixed32(block.salt == LogSalt{} ? kSegmentFormatVersion : kSaltedFormatVersion);
  encoder.Fixed32(0);
  encoder.Fixed64(block.ordinal.value);
  encoder.Fixed64(block.epoch.value);
  encoder.Fixed64(block.file_size_bytes);
  encoder.Fixed64(block.predecessor_end.segment.value);
  encoder.Fixed64(block.predecessor_end.offset);
  encoder.Fixed64(block.former.value);
  encoder.Fixed64(block.salt.value);
  BEACH_CHECK_EQ(bytes.size(), kSegmentSaltOffset + kSegmentSaltSize);
  bytes.resize(kSegmentHeaderSize, '\0');
  StoreFixed(bytes.data() + kSegmentCrcOffset, SegmentCrc(bytes));
  return bytes;
}

Result<SegmentBlock> DecodeSegmentBlock(ByteView bytes) {
  if (bytes.size() < kSegmentHeaderSize) {
    return Fail(ErrorCode::kCorruption, "log segment is shorter than its header block");
  }
  const ByteView whole = bytes.substr(0, kSegmentHeaderSize);
  Decoder decoder(whole);
  const ByteView magic = decoder.Raw(kSegmentMagicSize);
  const std::uint32_t version = decoder.Fixed32();
  const std::uint32_t crc = decoder.Fixed32();
  if (magic != kSegmentMagic) return Fail(ErrorCode::kCorruption, "not a log segment: bad magic");
  if (crc != SegmentCrc(whole)) {
    return Fail(ErrorCode::kCorruption, "bad checksum of the log segment's header block");
  }
  if (version != kSegmentFormatVersion && version != kSaltedFormatVersion) {
    return Fail(ErrorCode::kRefused, "log segment has format version " + std::to_string(version) +
                                         ", this program knows them up to " +
                                         std::to_string(kSaltedFormatVersion));
  }
  SegmentBlock block;
  block.ordinal = SegmentOrdinal(decoder.Fixed64());
  block.epoch = OpenEpoch(decoder.Fixed64());
  block.file_size_bytes = decoder.Fixed64();
  block.predecessor_end.segment = SegmentOrdinal(decoder.Fixed64());
  block.predecessor_end.offset = decoder.Fixed64();
  block.former = SegmentOrdinal(decoder.Fixed64());
  if (version == kSaltedFormatVersion) block.salt = LogSalt(decoder.Fixed64());
  return block;
}

}  // namespace beach::engine::wal
