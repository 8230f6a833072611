// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/format.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "base/coding.h"

namespace beach::engine::wal {
namespace {

std::vector<std::string> DocLines() {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/formats/wal.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Row {
  std::uint64_t offset;
  std::uint64_t size;
  std::string name;
  friend bool operator==(const Row&, const Row&) = default;
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << row.offset << " " << row.size << " " << row.name;
}

// The rows "| 4 | 4 | `length` | ..." under the heading "## `heading`".
std::vector<Row> DocTable(const std::string& heading) {
  std::vector<Row> rows;
  bool here = false;
  for (const std::string& line : DocLines()) {
    if (line.starts_with("## ")) here = line == "## " + heading;
    std::istringstream in(line);
    std::string bar, name;
    Row row{};
    if (here && in >> bar >> row.offset >> bar >> row.size >> bar >> name) {
      row.name = name;
      rows.push_back(row);
    }
  }
  return rows;
}

TEST(WalFormat, TheDocumentedItemHeaderIsTheCodes) {
  const std::vector<Row> expected = {
      {kItemCrcOffset, kItemCrcSize, "`crc`"},
      {kItemLengthOffset, kItemLengthSize, "`length`"},
      {kItemKindOffset, kItemKindSize, "`kind`"},
      {kItemVersionOffset, kItemVersionSize, "`version`"},
      {kItemReservedOffset, kItemReservedSize, "`zero`"},
      {kItemCountOffset, kItemCountSize, "`count`"},
      {kItemSegmentOffset, kItemSegmentSize, "`segment`"},
      {kItemOwnOffset, kItemOwnSize, "`offset`"},
      {kItemPreviousOffset, kItemPreviousSize, "`previous_end`"},
      {kItemEpochOffset, kItemEpochSize, "`epoch`"},
      {kItemSequenceOffset, kItemSequenceSize, "`first_sequence`"},
      {kItemDurableSegmentOffset, kItemDurableSegmentSize, "`durable_segment`"},
      {kItemDurableOffset, kItemDurableSize, "`durable_offset`"},
      {kItemSaltOffset, kItemSaltSize, "`salt`"},
      {kItemHeaderSize, 0, "`payload`"},
  };
  EXPECT_EQ(DocTable("Item"), expected);
}

TEST(WalFormat, TheDocumentedSegmentHeaderIsTheCodes) {
  const std::vector<Row> expected = {
      {kSegmentMagicOffset, kSegmentMagicSize, "`magic`"},
      {kSegmentVersionOffset, kSegmentVersionSize, "`version`"},
      {kSegmentCrcOffset, kSegmentCrcSize, "`crc`"},
      {kSegmentOrdinalOffset, kSegmentOrdinalSize, "`ordinal`"},
      {kSegmentEpochOffset, kSegmentEpochSize, "`epoch`"},
      {kSegmentFileSizeOffset, kSegmentFileSizeSize, "`file_size`"},
      {kSegmentPredecessorOffset, kSegmentPredecessorSize, "`predecessor`"},
      {kSegmentPredecessorEndOffset, kSegmentPredecessorEndSize, "`predecessor_end`"},
      {kSegmentFormerOffset, kSegmentFormerSize, "`former`"},
      {kSegmentSaltOffset, kSegmentSaltSize, "`salt`"},
      {72, kSegmentHeaderSize - 72, "`zero`"},
  };
  EXPECT_EQ(DocTable("Segment header block"), expected);
}

// "00001000  01 02 ..." for each 16 bytes that are not all zero.
std::vector<std::string> HexLines(ByteView bytes, std::uint64_t offset) {
  std::vector<std::string> lines;
  for (std::uint64_t at = 0; at < bytes.size(); at += 16) {
    const ByteView part = bytes.substr(at, 16);
    if (part.find_first_not_of('\0') == ByteView::npos) continue;
    std::string line = fmt::format("{:08x} ", offset + at);
    for (const char byte : part) line += fmt::format(" {:02x}", static_cast<unsigned char>(byte));
    lines.push_back(line);
  }
  return lines;
}

// The worked example: a fresh segment with a flight, two run records and a vouch.
TEST(WalFormat, TheWorkedExampleIsWhatTheCodeWrites) {
  Bytes file =
      EncodeSegmentBlock({SegmentOrdinal(2), OpenEpoch(5), 65536, {SegmentOrdinal(1), 61440}, {}});
  file.resize(65536, '\0');
  ItemHeader item;
  item.epoch = OpenEpoch(5);
  item.begin = item.durable = {SegmentOrdinal(2), 4096};
  item.previous_end = 4096;
  const auto put = [&](ItemKind kind, ByteView payload, std::uint64_t begin,
                       std::uint64_t sequence) {
    item.kind = kind;
    item.payload_length = static_cast<std::uint32_t>(payload.size());
    item.count = payload.empty() ? 0 : 1;
    item.begin.offset = begin;
    item.first_sequence = SequenceNumber(sequence);
    EncodeItem(item, payload, file.data() + begin);
    item.previous_end = item.end();
  };
  put(ItemKind::kFlight, "hello", 4096, 17);
  item.durable.offset = 8192;
  put(ItemKind::kRunRecord, "sea", 8192, 18);
  put(ItemKind::kRunRecord, "shore", 8259, 19);
  item.durable.offset = item.end();
  put(ItemKind::kVouch, "", 12288, 0);

  std::vector<std::string> documented;
  for (const std::string& line : DocLines()) {
    if (line.size() > 10 && line.starts_with("0000") && line[8] == ' ') documented.push_back(line);
  }
  const std::vector<std::string> written = HexLines(file, 0);
  std::string all;
  for (const std::string& line : written) all += line + "\n";
  EXPECT_EQ(documented, written) << all;
}

ItemHeader ArbitraryHeader() {
  ItemHeader header;
  header.kind = static_cast<ItemKind>(*rc::gen::inRange(1, 4));
  const bool vouch = header.kind == ItemKind::kVouch;
  header.payload_length = vouch ? 0 : *rc::gen::inRange<std::uint32_t>(0, 20000);
  header.count = vouch ? 0 : *rc::gen::arbitrary<std::uint32_t>();
  header.begin = {SegmentOrdinal(*rc::gen::inRange<std::uint64_t>(1, 1000)),
                  kBlockSize * *rc::gen::inRange<std::uint64_t>(1, 100)};
  if (header.kind == ItemKind::kRunRecord) {
    header.begin.offset = RunRecordBegin(header.begin.offset, header.size());
  }
  header.previous_end = header.begin.offset;
  header.epoch = OpenEpoch(*rc::gen::arbitrary<std::uint64_t>());
  header.first_sequence = SequenceNumber(*rc::gen::arbitrary<std::uint64_t>());
  header.durable = {header.begin.segment,
                    *rc::gen::inRange(kSegmentHeaderSize, header.begin.offset + 1)};
  header.salt = LogSalt(*rc::gen::arbitrary<std::uint64_t>());
  return header;
}

RC_GTEST_PROP(WalFormat, DecodeOfEncode, ()) {
  const ItemHeader header = ArbitraryHeader();
  const Bytes payload(header.payload_length, *rc::gen::arbitrary<char>());
  Bytes image(header.size(), 'x');
  EncodeItem(header, payload, image.data());
  const ItemPlace place{header.begin.segment, header.epoch, header.begin.offset, header.end(),
                        header.salt};
  ItemHeader decoded;
  RC_ASSERT(DecodeItemHeader(image, place, decoded));
  RC_ASSERT(decoded.crc == ItemCrc(image, header.salt));
  decoded.crc = 0;
  RC_ASSERT(decoded == header);
  RC_ASSERT(image.substr(kItemHeaderSize, payload.size()) == payload);
  // Any flipped bit is seen.
  const std::size_t byte = *rc::gen::inRange<std::size_t>(0, image.size());
  image[byte] = static_cast<char>(image[byte] ^ (1 << *rc::gen::inRange(0, 8)));
  const bool taken = DecodeItemHeader(image, place, decoded) && decoded.end() <= header.end() &&
                     decoded.crc == ItemCrc(image.substr(0, decoded.size()), header.salt);
  RC_ASSERT(!taken);
}

// Either half of it is enough.
RC_GTEST_PROP(WalFormat, AnItemOfAnotherSaltIsNone, (std::uint64_t other)) {
  const ItemHeader header = ArbitraryHeader();
  RC_PRE(other != header.salt.value);
  Bytes image(header.size(), 'x');
  EncodeItem(header, Bytes(header.payload_length, 'p'), image.data());
  const auto is_item = [&](std::uint64_t salt) {
    const ItemPlace place{header.begin.segment, header.epoch, header.begin.offset, header.end(),
                          LogSalt(salt)};
    ItemHeader decoded;
    return DecodeItemHeader(image, place, decoded) && decoded.crc == ItemCrc(image, LogSalt(salt));
  };
  RC_ASSERT(is_item(header.salt.value));
  RC_ASSERT(!is_item(other));
  RC_ASSERT(!is_item(header.salt.value ^ 1));
  RC_ASSERT(!is_item(header.salt.value ^ (std::uint64_t{1} << 63)));
}

RC_GTEST_PROP(WalFormat, DecodeOfGarbage, (const std::string& bytes)) {
  ItemHeader header;
  Bytes padded = bytes;
  if (*rc::gen::arbitrary<bool>()) padded.resize(kSegmentHeaderSize, '\1');
  const ItemPlace place{SegmentOrdinal(1), OpenEpoch(1), kBlockSize, 2 * kBlockSize};
  if (DecodeItemHeader(padded, place, header)) RC_ASSERT(header.end() <= place.limit);
  const auto block = DecodeSegmentBlock(padded);
  RC_ASSERT(!block);
  RC_ASSERT(block.error().code() == ErrorCode::kCorruption);
}

TEST(WalFormat, ImpossibleHeadersAreNotItems) {
  ItemHeader header;
  header.begin = header.durable = {SegmentOrdinal(1), 2 * kBlockSize};
  header.previous_end = 2 * kBlockSize;
  header.epoch = OpenEpoch(1);
  Bytes image(header.size(), '\0');
  const ItemPlace place{SegmentOrdinal(1), OpenEpoch(1), 2 * kBlockSize, 4 * kBlockSize};
  const auto decodes = [&](std::uint64_t offset, auto value) {
    EncodeItem(header, {}, image.data());
    StoreFixed(image.data() + offset, value);
    ItemHeader decoded;
    return DecodeItemHeader(image, place, decoded);
  };
  EXPECT_TRUE(decodes(kItemCountOffset, std::uint32_t{9}));
  EXPECT_FALSE(decodes(kItemKindOffset, std::uint8_t{0}));
  EXPECT_FALSE(decodes(kItemKindOffset, std::uint8_t{4}));
  EXPECT_FALSE(decodes(kItemVersionOffset, std::uint8_t{2}));
  EXPECT_FALSE(decodes(kItemReservedOffset, std::uint16_t{1}));
  EXPECT_FALSE(decodes(kItemSaltOffset, std::uint32_t{1}));
  EXPECT_FALSE(decodes(kItemLengthOffset, std::uint32_t{8192}));
  EXPECT_FALSE(decodes(kItemLengthOffset, ~std::uint32_t{0}));
  EXPECT_FALSE(decodes(kItemPreviousOffset, std::uint32_t{3 * kBlockSize}));
  EXPECT_FALSE(decodes(kItemPreviousOffset, std::uint32_t{100}));
  EXPECT_FALSE(decodes(kItemDurableOffset, std::uint32_t{3 * kBlockSize}));
  EXPECT_FALSE(decodes(kItemDurableSegmentOffset, std::uint64_t{2}));
}

RC_GTEST_PROP(WalFormat, SegmentHeaderDecodeOfEncode,
              (std::uint64_t ordinal, std::uint64_t epoch, std::uint64_t salt)) {
  const SegmentBlock block{
      SegmentOrdinal(ordinal),          OpenEpoch(epoch),          65536,
      {SegmentOrdinal(epoch), ordinal}, SegmentOrdinal(epoch / 2), LogSalt(salt)};
  const Bytes bytes = EncodeSegmentBlock(block);
  RC_ASSERT(*DecodeSegmentBlock(bytes) == block);
  RC_ASSERT(LoadFixed<std::uint32_t>(bytes.data() + kSegmentVersionOffset) ==
            (salt == 0 ? kSegmentFormatVersion : kSaltedFormatVersion));
}

}  // namespace
}  // namespace beach::engine::wal
