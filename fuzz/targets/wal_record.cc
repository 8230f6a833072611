// SPDX-License-Identifier: Apache-2.0
// One item of a log segment. The input is its bytes; where it should stand is read from itself.
#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "engine/wal/format.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using namespace engine::wal;  // NOLINT(google-build-using-namespace): the whole file is about it
using engine::OpenEpoch;
using engine::SegmentOrdinal;

void Seal(Bytes& input) {
  if (input.size() < kItemHeaderSize) return;
  StoreFixed(input.data() + kItemCrcOffset, ItemCrc(input));
}

// An item is found at its place and at no other.
void CheckElsewhere(ByteView input, const ItemPlace& place, std::uint64_t end) {
  ItemPlace others[] = {place, place, place, place};
  others[0].segment = place.segment.Next();
  others[1].epoch = place.epoch.Next();
  others[2].offset = place.offset + kBlockSize;
  others[3].limit = end - 1;
  for (const ItemPlace& other : others) {
    ItemHeader header;
    const bool found = DecodeItemHeader(input, other, header);
    BEACH_CHECK(!found);
  }
}

void Run(ByteView input) {
  ItemHeader header;
  if (input.size() < kItemHeaderSize) {
    const bool found = DecodeItemHeader(input, {}, header);
    BEACH_CHECK(!found);
    return;
  }
  const char* const bytes = input.data();
  ItemPlace place;
  place.segment = SegmentOrdinal(LoadFixed<std::uint64_t>(bytes + kItemSegmentOffset));
  place.epoch = OpenEpoch(LoadFixed<std::uint64_t>(bytes + kItemEpochOffset));
  place.offset = LoadFixed<std::uint32_t>(bytes + kItemOwnOffset);
  place.limit = std::min(place.offset + input.size(), kSegmentSizeMax);
  if (!DecodeItemHeader(input, place, header)) return;

  BEACH_CHECK_LE(header.end(), place.limit);
  BEACH_CHECK_GE(header.size(), kItemHeaderSize + header.payload_length);
  BEACH_CHECK_LE(header.previous_end, header.begin.offset);
  BEACH_CHECK(header.durable <= header.begin);
  BEACH_CHECK_LE(header.size(), input.size());
  if (header.kind != ItemKind::kRunRecord) BEACH_CHECK_EQ(header.size() % kBlockSize, 0U);
  CheckElsewhere(input, place, header.end());

  // What was decoded, encoded again, is the same header; the checksum where the padding is zeros.
  Bytes again(header.size(), '\xff');
  const ByteView payload = input.substr(kItemHeaderSize, header.payload_length);
  EncodeItem(header, payload, again.data());
  const std::uint64_t used = kItemHeaderSize + header.payload_length;
  BEACH_CHECK(ByteView(again).substr(kItemLengthOffset, used - kItemLengthOffset) ==
              input.substr(kItemLengthOffset, used - kItemLengthOffset));
  const ByteView item = input.substr(0, header.size());
  const bool padded_with_zeros = item.find_first_not_of('\0', used) == ByteView::npos;
  if (padded_with_zeros && ItemCrc(item) == header.crc) BEACH_CHECK(again == item);
  ItemHeader decoded;
  const bool found = DecodeItemHeader(again, place, decoded);
  BEACH_CHECK(found);
  decoded.crc = header.crc;
  BEACH_CHECK(decoded == header);
}

}  // namespace

const Target wal_record_target = {
    .name = "wal_record", .run = Run, .seal = Seal, .size_max = 3 * kBlockSize};

}  // namespace beach::fuzz
