// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/register.h"

#include <gtest/gtest.h>

#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::raft {
namespace {

using engine::FileNumber;
using engine::SegmentOrdinal;
using engine::wal::Segment;

Register Example() {
  return {.starts = 3,
          .next_file = FileNumber(9),
          .next_ordinal = SegmentOrdinal(8),
          .base = LogIndex(1'000),
          .base_term = Term(4),
          .durable = {SegmentOrdinal(7), 8'192},
          .segments = {{SegmentOrdinal(5), FileNumber(6), 65'536, 40'960},
                       {SegmentOrdinal(7), FileNumber(8), 131'072, Segment::kOpenEnd}}};
}

ErrorCode CodeOf(const Bytes& bytes) {
  const auto decoded = DecodeRegister(bytes, "REGISTER");
  EXPECT_FALSE(decoded.has_value());
  return decoded ? ErrorCode::kClosed : decoded.error().code();
}

// With the checksum that its bytes need.
Bytes Sealed(Bytes bytes) {
  const std::size_t size = bytes.size() - sizeof(std::uint32_t);
  StoreFixed(bytes.data() + size, Crc32c(ByteView(bytes).substr(0, size)));
  return bytes;
}

TEST(RaftRegister, WhatIsWrittenIsRead) {
  for (const Register& content : {Register(), Example()}) {
    const auto decoded = DecodeRegister(EncodeRegister(content), "REGISTER");
    ASSERT_TRUE(decoded.has_value()) << decoded.error().ToString();
    EXPECT_EQ(*decoded, content);
  }
}

TEST(RaftRegister, EachChangedByteIsSeen) {
  const Bytes good = EncodeRegister(Example());
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    EXPECT_EQ(CodeOf(bad), i < 8 ? ErrorCode::kRefused : ErrorCode::kCorruption) << i;
  }
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(CodeOf(good.substr(0, length)),
              length < 8 ? ErrorCode::kRefused : ErrorCode::kCorruption)
        << length;
  }
}

TEST(RaftRegister, AnotherVersionIsRefused) {
  Bytes bytes = EncodeRegister(Example());
  bytes[8] = 2;
  EXPECT_EQ(CodeOf(Sealed(bytes)), ErrorCode::kRefused);
}

// A right checksum is no promise.
TEST(RaftRegister, ImpossibleOnesAreErrors) {
  const auto with = [](std::size_t offset, std::uint64_t value) {
    Bytes bytes = EncodeRegister(Example());
    StoreFixed(bytes.data() + offset, value);
    return Sealed(std::move(bytes));
  };
  const std::size_t segments = kRegisterHeadSize;
  for (const auto& [offset, value] :
       {std::pair<std::size_t, std::uint64_t>{24, 8},  // a file above the next
        {32, 7},                                       // an ordinal above the next
        {16, ~std::uint64_t{0}},                       // starts without end
        {40, ~std::uint64_t{0}},                       // a base beyond all
        {64, 12},                                      // durable inside a header
        {72, 3},                                       // a segment more
        {72, ~std::uint64_t{0}},                       // all there are
        {segments, 0},                                 // no ordinal
        {segments, 7},                                 // out of order
        {segments + 16, 4'096},                        // too small
        {segments + 24, 65'537}}) {                    // an end behind the end
    EXPECT_EQ(CodeOf(with(offset, value)), ErrorCode::kCorruption) << offset << " " << value;
  }
}

}  // namespace
}  // namespace beach::raft
