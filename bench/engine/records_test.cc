// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/records.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace beach::bench {
namespace {

TEST(Permutation, GivesEachNumberOnceInAnotherOrder) {
  for (const std::uint64_t count : {1U, 2U, 3U, 16U, 17U, 1000U, 4096U, 5000U}) {
    const Permutation permutation(count, 7);
    std::vector<int> seen(count);
    std::uint64_t in_place = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t number = permutation.At(i);
      ASSERT_LT(number, count);
      ++seen[number];
      in_place += number == i;
    }
    for (const int times : seen) ASSERT_EQ(times, 1) << count;
    if (count >= 1000) {
      EXPECT_LT(in_place, count / 100);
    }
  }
}

TEST(Permutation, DiffersBySeedAndRepeats) {
  const Permutation one(1000, 1);
  const Permutation again(1000, 1);
  const Permutation other(1000, 2);
  std::uint64_t differences = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(one.At(i), again.At(i));
    differences += one.At(i) != other.At(i);
  }
  EXPECT_GT(differences, 900U);
}

TEST(KeyBuffer, KeysAreSixteenDigitsInOrderAndMissingOnesLieBetween) {
  KeyBuffer a;
  KeyBuffer b;
  EXPECT_EQ(a.Present(617), "0000000000001234");
  EXPECT_EQ(a.Missing(617), "0000000000001235");
  for (std::uint64_t record = 0; record < 2000; ++record) {
    ASSERT_LT(a.Present(record), b.Missing(record));
    ASSERT_LT(a.Missing(record), b.Present(record + 1));
  }
}

RC_GTEST_PROP(KeyBuffer, RecordOfReadsItBack, ()) {
  const auto record = *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000'000'000);
  KeyBuffer key;
  RC_ASSERT(RecordOf(key.Present(record)) == record);
  RC_ASSERT(RecordOf(key.Missing(record)) == kNoRecord);
}

TEST(KeyBuffer, RecordOfRefusesOtherBytes) {
  for (const char* key : {"", "123", "00000000000000002", "00000000000000x2", "-000000000000002"}) {
    EXPECT_EQ(RecordOf(key), kNoRecord) << key;
  }
}

RC_GTEST_PROP(ValueBuffer, EveryByteIsTheRecordsAndOneFlippedIsSeen, ()) {
  const auto record = *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
  const auto version = *rc::gen::inRange<std::uint64_t>(0, 1'000);
  const auto size = *rc::gen::inRange<std::size_t>(kValueSizeMin, 300);
  ValueBuffer buffer;
  Bytes value(buffer.Of(record, version, size));
  RC_ASSERT(value.size() == size);
  RC_ASSERT(HasTagOf(value, record));
  RC_ASSERT(IsValueOf(value, record));
  RC_ASSERT(VersionOf(value) == version);
  RC_ASSERT(!HasTagOf(value, record + 1));
  RC_ASSERT(!IsValueOf(value, record + 1));
  const auto at = *rc::gen::inRange<std::size_t>(0, size);
  value[at] = static_cast<char>(value[at] ^ 0x10);
  RC_ASSERT(!IsValueOf(value, record));
}

TEST(ValueBuffer, TheSecondHalfRepeatsTheFirst) {
  ValueBuffer buffer;
  const ByteView value = buffer.Of(5, 1, 100);
  EXPECT_EQ(value.substr(0, 50), value.substr(50));
  ValueBuffer other;
  EXPECT_NE(value.substr(16, 34), other.Of(6, 1, 100).substr(16, 34));
}

TEST(ValueBuffer, ShortBytesAreNoValue) {
  ValueBuffer buffer;
  const ByteView value = buffer.Of(5, 1, 100);
  EXPECT_FALSE(HasTagOf("", 5));
  EXPECT_FALSE(HasTagOf(value.substr(0, 31), 5));
  EXPECT_FALSE(IsValueOf(value.substr(0, 99), 5));
}

}  // namespace
}  // namespace beach::bench
