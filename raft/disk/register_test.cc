// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/register.h"

#include <gtest/gtest.h>

#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/wal/format.h"

namespace beach::raft {
namespace {

using engine::FileNumber;
using engine::SegmentOrdinal;
using engine::wal::Segment;

Register Example() {
  return {.cluster = ClusterId(77),
          .node = NodeId(2),
          .starts = 3,
          .next_file = FileNumber(9),
          .next_ordinal = SegmentOrdinal(8),
          .base = LogIndex(1'000),
          .base_term = Term(4),
          .durable = {SegmentOrdinal(7), 8'192},
          .head = {.hard_state = {.term = Term(6), .vote = NodeId(1)},
                   .base = LogIndex(1'000),
                   .last = LogIndex(1'010),
                   .before = Term(4),
                   .runs = {{LogIndex(1'001), Term(4)}, {LogIndex(1'005), Term(5)}}},
          .segments = {{SegmentOrdinal(5), FileNumber(6), 65'536, 40'960},
                       {SegmentOrdinal(7), FileNumber(8), 131'072, Segment::kOpenEnd}},
          .salt = engine::LogSalt(0x0102030405060708)};
}

ErrorCode CodeOf(const Bytes& bytes) {
  const auto decoded = DecodeRegister(bytes, "REGISTER");
  EXPECT_FALSE(decoded.has_value());
  return decoded ? ErrorCode::kClosed : decoded.error().code();
}

Bytes CopyOf(const Register& content) {
  const Bytes both = EncodeRegister(content);
  return both.substr(0, both.size() / 2);
}

// With the checksum that its bytes need.
Bytes Sealed(Bytes copy) {
  StoreFixed(copy.data() + 12,
             Crc32c(ByteView(copy).substr(16), Crc32c(ByteView(copy).substr(0, 12))));
  return copy;
}

TEST(RaftRegister, WhatIsWrittenIsRead) {
  Register large = Example();
  large.segments.clear();
  for (std::uint64_t i = 1; i <= 300; ++i) {
    large.segments.push_back({SegmentOrdinal(i), FileNumber(i), 65'536, 40'960});
  }
  large.next_ordinal = SegmentOrdinal(301);
  large.next_file = FileNumber(301);
  Register fresh;
  fresh.salt = engine::LogSalt(1);
  for (const Register& content : {fresh, Example(), large}) {
    const auto decoded = DecodeRegister(EncodeRegister(content), "REGISTER");
    ASSERT_TRUE(decoded.has_value()) << decoded.error().ToString();
    EXPECT_EQ(decoded->content, content);
    EXPECT_FALSE(decoded->damage.has_value());
  }
}

TEST(RaftRegister, OneSoundCopyIsEnough) {
  const Bytes copy = CopyOf(Example());
  ASSERT_EQ(copy.size() % engine::wal::kBlockSize, 0U);
  for (std::size_t i = 0; i < copy.size(); i += i < 300 ? 1 : 97) {
    Bytes bad = copy;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    for (const bool first : {true, false}) {
      const auto decoded = DecodeRegister(first ? bad + copy : copy + bad, "REGISTER");
      ASSERT_TRUE(decoded.has_value()) << i;
      EXPECT_EQ(decoded->content, Example());
      ASSERT_TRUE(decoded->damage.has_value());
      EXPECT_EQ(decoded->damage->code(), ErrorCode::kCorruption);
      EXPECT_EQ(decoded->damage->offset(), first ? 0 : copy.size());
    }
    EXPECT_EQ(CodeOf(bad + bad), i < 8 ? ErrorCode::kRefused : ErrorCode::kCorruption) << i;
  }
}

TEST(RaftRegister, AFileThatIsCutShortIsAnError) {
  const Bytes good = EncodeRegister(Example());
  for (std::size_t length = 0; length < good.size(); length += length < 200 ? 1 : 101) {
    EXPECT_EQ(CodeOf(good.substr(0, length)),
              length < 8 ? ErrorCode::kRefused : ErrorCode::kCorruption)
        << length;
  }
}

TEST(RaftRegister, AnotherVersionIsRefused) {
  Bytes copy = CopyOf(Example());
  copy[8] = kRegisterVersion + 1;
  EXPECT_EQ(CodeOf(copy + copy), ErrorCode::kCorruption);  // as damaged as any other byte
  EXPECT_EQ(CodeOf(Sealed(copy) + Sealed(copy)), ErrorCode::kRefused);
  EXPECT_EQ(CodeOf(copy + Sealed(copy)), ErrorCode::kRefused);
  EXPECT_EQ(CodeOf(Sealed(copy) + copy), ErrorCode::kRefused);
  // The first one had one copy, of 88 bytes and its segments.
  Bytes first(120, '\0');
  first.replace(0, 9, Bytes("BEACHRLR\x01", 9));
  EXPECT_EQ(CodeOf(first), ErrorCode::kRefused);
}

// A right checksum is no promise.
TEST(RaftRegister, ImpossibleOnesAreErrors) {
  const auto with = [](std::size_t offset, std::uint64_t value) {
    Bytes copy = CopyOf(Example());
    StoreFixed(copy.data() + offset, value);
    copy = Sealed(std::move(copy));
    return copy + copy;
  };
  const std::size_t segments = kRegisterHeadSize;
  for (const auto& [offset, value] :
       {std::pair<std::size_t, std::uint64_t>{40, 8},  // a file above the next
        {48, 7},                                       // an ordinal above the next
        {32, ~std::uint64_t{0}},                       // starts without end
        {32, std::uint64_t{1} << 62},                  // so many that one more cannot be said
        {40, std::uint64_t{1} << 62},                  // the same of files
        {48, std::uint64_t{1} << 62},                  // and of ordinals
        {56, ~std::uint64_t{0}},                       // a base beyond all
        {80, 12},                                      // durable inside a header
        {88, 3},                                       // a segment more
        {88, ~std::uint64_t{0}},                       // all there are
        {96, 0},                                       // no salt
        {segments, 0},                                 // no ordinal
        {segments, 7},                                 // out of order
        {segments + 16, 4'096},                        // too small
        {segments + 24, 65'537},                       // an end behind the end
        {segments + 64, 0},                            // no possible head
        {4'088, 1}}) {                                 // something behind it
    EXPECT_EQ(CodeOf(with(offset, value)), ErrorCode::kCorruption) << offset << " " << value;
  }
}

}  // namespace
}  // namespace beach::raft
