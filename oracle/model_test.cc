// SPDX-License-Identifier: Apache-2.0
#include "oracle/model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "oracle/value_id.h"

namespace beach::oracle {
namespace {

TEST(ValueId, IsReadBackFromTheValue) {
  const ValueId id{BatchId(~std::uint64_t{0}), ~std::uint32_t{0}};
  EXPECT_EQ(ParseValueId(MakeValue(id, 0)), id);
  EXPECT_EQ(ParseValueId(MakeValue(id, 5000)), id);
  EXPECT_EQ(MakeValue(id, 10).size(), MakeValue(id, 0).size() + 10);
  EXPECT_NE(MakeValue({BatchId(1), 0}, 10).substr(6), MakeValue({BatchId(2), 0}, 10).substr(6));
}

TEST(ValueId, IsNotReadFromWhatNobodyWrote) {
  for (const char* text : {"", "b", "b1", "b1.", "b1.o", "b1.o2", "b01.o2.", "b1.o02.", "b-1.o2.",
                           "b1.o4294967296.", "b18446744073709551616.o1.", "c1.o2.", "b1.p2."}) {
    EXPECT_FALSE(ParseValueId(text).has_value()) << text;
  }
}

TEST(DescribeValue, NamesTheWriter) {
  EXPECT_EQ(DescribeValue(std::nullopt), "absent");
  EXPECT_EQ(DescribeValue(""), "an empty value");
  EXPECT_EQ(DescribeValue(MakeValue({BatchId(3), 1}, 4)), "value b3.o1 of 10 bytes");
  EXPECT_EQ(DescribeValue("x\n"), "value \"x\\x0a\"");
}

TEST(Model, HashOfAStateIsThatOfItsPrefix) {
  Model model;
  const auto write = [&](std::uint64_t id, std::vector<ModelOperation> operations) {
    const std::uint64_t count = operations.size();
    model.Issue(
        {.id = BatchId(id), .client = 0, .sync = true, .operations = std::move(operations)});
    ASSERT_FALSE(model.Sequence(BatchId(id), id * 10, count));
  };
  write(1, {{"a", "1"}, {"b", "2"}, {"a", "3"}});
  write(2, {{"a", std::nullopt}, {"c", ""}});
  write(3, {{"nothing", std::nullopt}, {"b", "4"}});
  for (std::uint64_t prefix = 0; prefix <= 3; ++prefix) {
    EXPECT_EQ(model.HashAt(prefix), Model::HashOf(model.StateAt(prefix))) << prefix;
  }
  EXPECT_EQ(model.StateAt(3), (std::vector<KeyValue>{{"b", "4"}, {"c", ""}}));
  model.Settle(3, 31);
  EXPECT_EQ(model.HashAt(0), Model::HashOf({{"b", "4"}, {"c", ""}}));
  EXPECT_EQ(model.Keys(), (std::vector<Bytes>{"b", "c"}));
}

TEST(Model, AReadAtASequenceNumberShowsOnePrefix) {
  Model model;
  Model::ReadMark first = model.BeginRead();
  for (std::uint64_t id = 1; id <= 2; ++id) {
    model.Issue({.id = BatchId(id),
                 .client = 0,
                 .sync = true,
                 .operations = {{"a", std::to_string(id)}, {"b", "2"}}});
    ASSERT_FALSE(model.Sequence(BatchId(id), id * 10, 2));
    ASSERT_FALSE(model.Acknowledge(BatchId(id)));
  }
  Model::ReadMark second = model.BeginRead();
  Model::ReadMark none = second;
  EXPECT_FALSE(model.FixAt(second, 21));
  EXPECT_FALSE(model.EndGet(second, "a", "2"));
  EXPECT_TRUE(model.EndGet(second, "a", "1"));
  EXPECT_FALSE(model.FixAt(first, 11));
  EXPECT_FALSE(model.EndGet(first, "a", "1"));
  EXPECT_TRUE(model.EndGet(first, "a", "2"));
  // Behind what was visible, in the middle of a batch, and never given.
  for (const std::uint64_t sequence : {11U, 20U, 22U}) {
    const Judgement judgement = model.FixAt(none, sequence);
    ASSERT_TRUE(judgement) << sequence;
    EXPECT_EQ(judgement->rule, "visible-sequence");
  }
}

TEST(Model, AWrongReadNamesAllThatItMightHaveShown) {
  Model model;
  for (std::uint64_t id = 1; id <= 2; ++id) {
    model.Issue({.id = BatchId(id),
                 .client = 0,
                 .sync = true,
                 .operations = {{"a", MakeValue({BatchId(id), 0}, 1)}}});
    ASSERT_FALSE(model.Sequence(BatchId(id), id, 1));
  }
  ASSERT_FALSE(model.Acknowledge(BatchId(1)));  // the second is under way
  const Judgement judgement = model.EndGet(model.BeginRead(), "a", std::nullopt);
  ASSERT_TRUE(judgement);
  EXPECT_EQ(judgement->rule, "wrong-read");
  EXPECT_NE(judgement->message.find("expected value b1.o0"), std::string::npos)
      << judgement->message;
  EXPECT_NE(judgement->message.find("or newer up to value b2.o0"), std::string::npos)
      << judgement->message;
}

TEST(Model, AScanThatShowsAKeyOfNobodyBeforeOthersIsWrong) {
  Model model;
  model.Rebase({{"b", "1"}, {"d", "2"}}, 0);
  for (const char* key : {"a", "c", "e"}) {
    std::vector<KeyValue> found = {{"b", "1"}, {"d", "2"}, {key, "x"}};
    std::sort(found.begin(), found.end());
    EXPECT_EQ(model.EndScan(model.BeginRead(), {}, found)->rule, "phantom-key") << key;
  }
  EXPECT_FALSE(model.EndScan(model.BeginRead(), {}, {{"b", "1"}, {"d", "2"}}));
}

TEST(Model, ARebaseTakesWhatIsThereForGranted) {
  Model model;
  model.Issue({.id = BatchId(1), .client = 0, .sync = true, .operations = {{"a", "1"}}});
  ASSERT_FALSE(model.Sequence(BatchId(1), 1, 1));
  ASSERT_FALSE(model.Acknowledge(BatchId(1)));
  model.Rebase({{"b", "0"}}, 0);
  EXPECT_EQ(model.OutcomeOf(BatchId(1)), Outcome::kNotApplied);
  EXPECT_EQ(model.Keys(), (std::vector<Bytes>{"b"}));
  EXPECT_EQ(model.HashAt(0), Model::HashOf({{"b", "0"}}));
  EXPECT_FALSE(model.EndGet(model.BeginRead(), "a", std::nullopt));
  EXPECT_EQ(model.EndGet(model.BeginRead(), "a", "1")->rule, "phantom-key");
  EXPECT_FALSE(model.EndScan(model.BeginRead(), {}, {{"b", "0"}}));
  model.Issue({.id = BatchId(2), .client = 0, .sync = true, .operations = {{"b", "2"}}});
  EXPECT_FALSE(model.Sequence(BatchId(2), 1, 1));
}

TEST(Model, ScansOfARangeSeeThatRangeAlone) {
  Model model;
  model.Issue({.id = BatchId(1),
               .client = 0,
               .sync = true,
               .operations = {{"a", "1"}, {"b", "2"}, {"c", "3"}}});
  ASSERT_FALSE(model.Sequence(BatchId(1), 1, 3));
  ASSERT_FALSE(model.Acknowledge(BatchId(1)));
  const KeyRange range{.from = "b", .to = "c"};
  EXPECT_FALSE(model.EndScan(model.BeginRead(), range, {{"b", "2"}}));
  EXPECT_EQ(model.EndScan(model.BeginRead(), range, {})->rule, "scan-mismatch");
  EXPECT_EQ(model.EndScan(model.BeginRead(), range, {{"b", "2"}, {"c", "3"}})->rule,
            "scan-out-of-range");
}

TEST(Model, ValuesAreGoneFromThePrefixOnInWhichTheirTimeComes) {
  Model model;
  std::uint64_t id = 0;
  const auto write = [&](ModelOperation operation) {
    const BatchId batch(++id);
    model.Issue({.id = batch, .operations = {std::move(operation)}});
    ASSERT_FALSE(model.Sequence(batch, id, 1));
    ASSERT_FALSE(model.Acknowledge(batch));
  };
  write({.key = "a", .value = "1", .expires_at = 10});
  write({.key = "a", .value = "2", .merge = MergeKind::kAppend});
  write({.key = "b", .value = "3", .expires_at = 11});
  write({.key = {}, .value = std::nullopt, .time = 10});
  write({.key = {}, .value = std::nullopt, .time = 3});
  write({.key = "c", .value = "4", .expires_at = 10});  // gone from the start
  EXPECT_EQ(model.StateAt(3), (std::vector<KeyValue>{{"a", "12"}, {"b", "3"}}));
  EXPECT_EQ(model.StateAt(4), (std::vector<KeyValue>{{"a", "2"}, {"b", "3"}}));
  EXPECT_EQ(model.StateAt(6), model.StateAt(4));
  EXPECT_EQ(model.TimeAt(3), 0U);
  EXPECT_EQ(model.TimeAt(6), 10U);
  Model::ReadMark mark = model.BeginRead();
  EXPECT_FALSE(model.EndGet(mark, "b", "3"));
  mark.time = 11;
  EXPECT_FALSE(model.EndGet(mark, "b", std::nullopt));
  ASSERT_TRUE(model.EndGet(mark, "b", "3"));
  EXPECT_EQ(model.EndGet(mark, "b", "3")->rule, "wrong-read");
  Model copy;
  copy.Adopt(model, 20);
  EXPECT_EQ(copy.StateAt(0), model.StateAt(6));
  EXPECT_EQ(copy.HashAt(0), model.HashAt(6));
  EXPECT_EQ(copy.TimeAt(0), 10U);
  model.Settle(3, 20);
  EXPECT_EQ(model.TimeAt(0), 0U);
  EXPECT_EQ(model.HashAt(0), Model::HashOf({{"a", "12"}, {"b", "3"}}));
}

TEST(Model, KeysThatWereReadTogetherAreOfOneMoment) {
  using Found = std::vector<KeyFound>;
  const auto judge = [](const Found& found) {
    Model model;
    for (std::uint64_t id = 1; id <= 2; ++id) {
      const Bytes value = std::to_string(id);
      model.Issue({.id = BatchId(id),
                   .client = 0,
                   .sync = true,
                   .operations = {{"a", value}, {"b", value}}});
      EXPECT_FALSE(model.Sequence(BatchId(id), id * 10, 2));
    }
    EXPECT_FALSE(model.Acknowledge(BatchId(1)));  // the second is under way
    return model.EndMultiGet(model.BeginRead(), found);
  };
  EXPECT_FALSE(judge({{"a", "1"}, {"b", "1"}, {"c", std::nullopt}}));
  EXPECT_FALSE(judge({{"b", "2"}, {"a", "2"}}));
  for (const Found& torn : {Found{{"a", "1"}, {"b", "2"}}, Found{{"a", "2"}, {"b", "1"}}}) {
    const Judgement judgement = judge(torn);
    ASSERT_TRUE(judgement);
    EXPECT_EQ(judgement->rule, "torn-multi-get");
    EXPECT_NE(judgement->message.find("\"b\" value"), std::string::npos) << judgement->message;
  }
  // One that is wrong by itself is said to be that.
  const Judgement wrong = judge({{"a", "1"}, {"b", std::nullopt}});
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->rule, "wrong-read");
}

}  // namespace
}  // namespace beach::oracle
