// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_values.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace beach::oracle {
namespace {

TEST(LinearValues, WhatNobodyLooksForIsOne) {
  LinearValues values(4);
  const KeyIndex x = values.Key("x");
  const KeyIndex y = values.Key("y");
  const ValueIndex seen = values.LookedFor(x, "1");
  EXPECT_EQ(values.LookedFor(x, "1"), seen);
  EXPECT_NE(values.LookedFor(y, "1"), seen) << "it is of another key";
  const ValueIndex empty = values.LookedFor(x, "");
  EXPECT_NE(empty, values.Absent(x));
  values.Freeze();
  EXPECT_EQ(values.Key("x"), x);
  EXPECT_EQ(values.Find(x, "1"), seen);
  EXPECT_EQ(values.Find(x, ""), empty);
  EXPECT_EQ(values.Find(x, "2"), kUnseenValue);
  EXPECT_EQ(values.Find(y, "2"), kUnseenValue);
}

TEST(LinearValues, BeginningsOfWhatIsLookedForAreKeptApart) {
  LinearValues values(4);
  const KeyIndex x = values.Key("x");
  values.HasAppends(x);
  const ValueIndex whole = values.LookedFor(x, "abcd");
  values.Freeze();
  const SuffixIndex cd = values.Suffix("cd");
  const SuffixIndex ab = values.Suffix("ab");
  const ValueIndex half = values.Append(x, values.Absent(x), ab);
  EXPECT_NE(half, kUnseenValue);
  EXPECT_EQ(values.Find(x, "ab"), half);
  EXPECT_EQ(values.Append(x, half, cd), whole);
  EXPECT_EQ(values.Append(x, half, ab), kUnseenValue);
  EXPECT_EQ(values.Append(x, kUnseenValue, cd), kUnseenValue);
  EXPECT_EQ(values.Append(x, whole, cd), kUnseenValue) << "nobody looks for more";
}

// Two ways to a value have one number, exactly if the value begins one that is looked for.
RC_GTEST_PROP(LinearValues, NumbersAreThoseOfTheBytes, (std::uint64_t seed)) {
  RandomStream random(seed);
  const auto draw = [&](std::uint64_t length_max) {
    std::string text(random.Below(length_max + 1), 'a');
    for (char& c : text) c = random.Chance(1, 2) ? 'a' : 'b';
    return text;
  };
  std::vector<std::string> seen;
  for (std::uint64_t i = random.Between(1, 6); i > 0; --i) seen.push_back(draw(7));
  LinearValues values(8);
  const KeyIndex key = values.Key("x");
  values.HasAppends(key);
  for (const std::string& text : seen) values.LookedFor(key, text);
  values.Freeze();
  std::map<std::string, ValueIndex> numbers;
  std::map<ValueIndex, std::string> texts;
  std::set<std::string> suffixes;
  for (int i = 0; i < 50; ++i) {
    std::string text = draw(3);
    ValueIndex number = values.Find(key, text);
    if (random.Chance(1, 4)) {
      text.clear();
      number = values.Absent(key);
    }
    for (std::uint64_t steps = random.Below(4); steps > 0; --steps) {
      const std::string more = draw(3);
      const std::string& kept = *suffixes.insert(more).first;  // which is borrowed
      number = values.Append(key, number, values.Suffix(kept));
      text += more;
    }
    if (number == values.Absent(key)) continue;
    const bool begins =
        std::ranges::any_of(seen, [&](const std::string& one) { return one.starts_with(text); });
    RC_ASSERT(begins == (number != kUnseenValue));
    if (!begins) continue;
    RC_ASSERT(texts.try_emplace(number, text).first->second == text);
    RC_ASSERT(numbers.try_emplace(text, number).first->second == number);
  }
}

}  // namespace
}  // namespace beach::oracle
