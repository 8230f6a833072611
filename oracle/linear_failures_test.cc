// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_failures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/random.h"

namespace beach::oracle {
namespace {

using Words = std::vector<std::uint64_t>;

bool IsKnown(LinearFailures& failures, const Words& configuration) {
  const LinearFailures::Place place = failures.Find(configuration);
  if (!place.known) failures.Add(place, configuration);
  return place.known;
}

TEST(LinearFailures, KnowsWhatUsesMoreAndNothingElse) {
  LinearFailures failures(1, 1, 10);
  EXPECT_FALSE(IsKnown(failures, {7, 0b0110}));
  EXPECT_TRUE(IsKnown(failures, {7, 0b0110}));
  EXPECT_TRUE(IsKnown(failures, {7, 0b1110}));
  EXPECT_FALSE(IsKnown(failures, {7, 0b1010}));
  EXPECT_FALSE(IsKnown(failures, {8, 0b1110}));
  EXPECT_FALSE(IsKnown(failures, {7, 0b0010}));
  EXPECT_TRUE(IsKnown(failures, {7, 0b0110}));
}

TEST(LinearFailures, WithoutAnythingUsedComparesTheRest) {
  LinearFailures failures(2, 0, 0);
  EXPECT_FALSE(IsKnown(failures, {1, 2}));
  EXPECT_TRUE(IsKnown(failures, {1, 2}));
  EXPECT_FALSE(IsKnown(failures, {2, 1}));
}

TEST(LinearFailures, KeepsNoSetThatASmallerOneStandsFor) {
  LinearFailures failures(1, 1, 10);
  EXPECT_FALSE(IsKnown(failures, {7, 0b1}));
  const std::size_t one = failures.bytes();
  LinearFailures more(1, 1, 10);
  for (std::uint64_t used = 63; used > 0; used >>= 1) EXPECT_FALSE(IsKnown(more, {7, used}));
  EXPECT_EQ(more.bytes(), one);
}

// Against a list of all that were tried.
TEST(LinearFailures, SaysWhatAListOfAllWouldSay) {
  RandomStream stream(1);
  for (int round = 0; round < 200; ++round) {
    const std::size_t used_words = stream.Below(3);
    LinearFailures failures(2, used_words, stream.Below(20));
    std::vector<Words> all;
    for (int i = 0; i < 200; ++i) {
      Words now = {stream.Below(2), stream.Below(3)};
      for (std::size_t word = 0; word < used_words; ++word) {
        now.push_back(stream.Next() & stream.Next() & 0x8000'0000'0000'00ff);
      }
      const bool expected = std::ranges::any_of(all, [&](const Words& old) {
        if (old[0] != now[0] || old[1] != now[1]) return false;
        for (std::size_t word = 2; word < now.size(); ++word) {
          if ((old[word] & ~now[word]) != 0) return false;
        }
        return true;
      });
      ASSERT_EQ(IsKnown(failures, now), expected);
      all.push_back(std::move(now));
    }
  }
}

}  // namespace
}  // namespace beach::oracle
