// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_loss.h"

#include <gtest/gtest.h>

namespace beach::sim::scenarios::engine_crash {
namespace {

class HistoryTest : public testing::Test {
 protected:
  // One operation: a put, or without a value a delete.
  void Write(std::uint64_t id, Bytes key, std::optional<Bytes> value) {
    const oracle::ModelBatch batch{
        .id = oracle::BatchId(id),
        .operations = {{.key = std::move(key), .value = std::move(value)}}};
    history_.Issue(batch);
    model_.Issue(batch);
    ASSERT_FALSE(model_.Sequence(batch.id, id, 1));
    ASSERT_FALSE(model_.Acknowledge(batch.id));
  }
  void Settle(std::uint64_t prefix, std::uint64_t last_sequence) {
    history_.BeginSettling(model_);
    model_.Settle(prefix, last_sequence);
    history_.EndSettling(model_);
  }
  bool Keeps(std::uint64_t last_kept, const std::vector<oracle::KeyValue>& found) {
    oracle::Model kept;
    const oracle::Judgement judgement = history_.Judge(model_, last_kept, found, kept);
    EXPECT_TRUE(!judgement || judgement->rule == "loss-untold");
    return !judgement;
  }
  oracle::Model model_;
  History history_;
};

TEST_F(HistoryTest, WhatIsKeptMayEndInAnyLife) {
  Write(1, "a", "1");
  Write(2, "b", "2");
  Write(3, "c", "3");
  Settle(2, 5);  // the third was cut
  Write(6, "a", std::nullopt);
  EXPECT_TRUE(Keeps(0, {}));
  EXPECT_TRUE(Keeps(1, {{"a", "1"}}));
  EXPECT_TRUE(Keeps(2, {{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(Keeps(5, {{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(Keeps(6, {{"b", "2"}}));
  EXPECT_FALSE(Keeps(5, {{"b", "2"}}));
  EXPECT_FALSE(Keeps(2, {{"a", "1"}}));
  EXPECT_FALSE(Keeps(3, {{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_FALSE(Keeps(1, {{"a", "2"}}));
  EXPECT_FALSE(Keeps(1, {}));
}

TEST_F(HistoryTest, WhatWasCutIsGone) {
  Write(1, "a", "1");
  Write(2, "b", "2");
  history_.Cut(model_, 1);
  model_.Rebase({{"a", "1"}}, 2);
  EXPECT_TRUE(Keeps(2, {{"a", "1"}}));
  Write(3, "b", "3");
  EXPECT_TRUE(Keeps(3, {{"a", "1"}, {"b", "3"}}));
  EXPECT_FALSE(Keeps(3, {{"a", "1"}, {"b", "2"}}));
}

}  // namespace
}  // namespace beach::sim::scenarios::engine_crash
