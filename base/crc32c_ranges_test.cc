// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c_ranges.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/crc32c.h"

namespace beach {
namespace {

Bytes Pattern(std::size_t size) {
  Bytes data;
  for (std::size_t i = 0; i < size; ++i) data.push_back(static_cast<char>(i * i / 7 + i));
  return data;
}

TEST(Crc32cRanges, OfNothing) {
  const Crc32cRanges ranges("");
  EXPECT_EQ(ranges.Of(0, 0), 0U);
  EXPECT_EQ(ranges.Of(0, 0, 0x12345678), 0x12345678U);
}

TEST(Crc32cRanges, OfAllEndsNearTheStepsOfItsTables) {
  const Bytes data = Pattern(3 * 4096 + 100);
  const Crc32cRanges ranges(data);
  for (const std::size_t offset : {0U, 1U, 63U, 64U, 65U, 4095U, 4096U, 8192U}) {
    for (const std::size_t length : {0U, 1U, 63U, 64U, 127U, 4095U, 4096U, 4097U}) {
      EXPECT_EQ(ranges.Of(offset, length), Crc32c(ByteView(data).substr(offset, length)))
          << offset << " " << length;
    }
    EXPECT_EQ(ranges.Of(offset, data.size() - offset), Crc32c(ByteView(data).substr(offset)));
  }
}

RC_GTEST_PROP(Crc32cRangesProperty, EqualsTheChecksumOfTheRange, (std::uint32_t crc)) {
  const Bytes data = Pattern(*rc::gen::inRange<std::size_t>(0, 20'000));
  const Crc32cRanges ranges(data);
  const auto offset = *rc::gen::inRange<std::size_t>(0, data.size() + 1);
  const auto length = *rc::gen::inRange<std::size_t>(0, data.size() - offset + 1);
  RC_ASSERT(ranges.Of(offset, length, crc) == Crc32c(ByteView(data).substr(offset, length), crc));
}

RC_GTEST_PROP(Crc32cRangesProperty, PowersGiveARangeFromTwoPrefixes, (std::uint32_t crc)) {
  const Bytes data = Pattern(*rc::gen::inRange<std::size_t>(0, 20'000));
  const auto begin = *rc::gen::inRange<std::size_t>(0, data.size() + 1);
  const auto end = *rc::gen::inRange<std::size_t>(begin, data.size() + 1);
  const ByteView bytes(data);
  const std::uint32_t between =
      Crc32cBetween(Crc32c(bytes.substr(0, begin)), Crc32c(bytes.substr(0, end)), end - begin, crc);
  RC_ASSERT(between == Crc32c(bytes.substr(begin, end - begin), crc));
}

}  // namespace
}  // namespace beach
