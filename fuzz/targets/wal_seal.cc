// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/wal_seal.h"

#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/wal/format.h"

namespace beach::fuzz {

namespace wal = engine::wal;

namespace {

// As much of an item's length as its header and the file have; 0 where no item is.
std::uint64_t ClaimedSize(ByteView bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < wal::kItemHeaderSize) return 0;
  const auto kind = LoadFixed<std::uint8_t>(bytes.data() + offset + wal::kItemKindOffset);
  if (kind < 1 || kind > 3) return 0;
  wal::ItemHeader header;
  header.kind = static_cast<wal::ItemKind>(kind);
  header.payload_length = LoadFixed<std::uint32_t>(bytes.data() + offset + wal::kItemLengthOffset);
  return header.size() <= bytes.size() - offset ? header.size() : 0;
}

}  // namespace

void SealSegment(char* bytes, std::size_t size) {
  const ByteView view(bytes, size);
  if (size < wal::kSegmentHeaderSize) return;
  const ByteView block = view.substr(0, wal::kSegmentHeaderSize);
  const std::uint32_t head = Crc32c(block.substr(0, wal::kSegmentCrcOffset));
  StoreFixed(bytes + wal::kSegmentCrcOffset,
             Crc32c(block.substr(wal::kSegmentOrdinalOffset), head));
  std::uint64_t offset = wal::kSegmentHeaderSize;
  while (offset < size) {
    const std::uint64_t item = ClaimedSize(view, offset);
    if (item == 0) {
      offset = wal::BlockUp(offset + 1);
      continue;
    }
    StoreFixed(bytes + offset + wal::kItemCrcOffset, wal::ItemCrc(view.substr(offset, item)));
    offset += item;
  }
}

}  // namespace beach::fuzz
