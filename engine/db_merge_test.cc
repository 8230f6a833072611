// SPDX-License-Identifier: Apache-2.0
// Merges of a whole database: operands wherever they lie make what they make in order.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/coding.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

Bytes Number(std::uint64_t number) {
  Bytes bytes;
  Encoder(bytes).Fixed64(number);
  return bytes;
}

class MergeTest : public DbTest {
 protected:
  // By all ways to read.
  static void Expect(Db& db, const ReadOptions& options, ByteView key,
                     const std::optional<Bytes>& value) {
    const auto found = db.Get(options, key);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, value);
    auto iterator = *db.NewIterator(options);
    for (const bool forward : {true, false}) {
      forward ? iterator->Seek(key) : iterator->SeekForPrevious(key);
      const bool there = iterator->Valid() && iterator->key() == key;
      EXPECT_EQ(there, value.has_value());
      if (there && value) {
        EXPECT_EQ(iterator->value(), *value);
      }
    }
  }
};

TEST_F(MergeTest, OperandsAreAppliedInOrderWhereverTheyLie) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "0"));
  ASSERT_TRUE(db->Put(sync_, "b", "beside"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Merge(sync_, "a", MergeOperator::kAppend, "1"));
  ASSERT_TRUE(db->Flush());
  const auto between = *db->GetSnapshot();
  ASSERT_TRUE(db->Merge(sync_, "a", MergeOperator::kAppend, "2"));
  ASSERT_TRUE(db->Merge(sync_, "a", MergeOperator::kMax, "00"));
  ASSERT_TRUE(db->Merge(sync_, "a", MergeOperator::kAppend, "3"));
  const ReadOptions then{.snapshot = between.get(), .range = {}};
  const auto check = [&] {
    Expect(*db, {}, "a", "0123");
    Expect(*db, then, "a", "01");
    Expect(*db, {}, "b", "beside");
    EXPECT_EQ(Scan(*db), (Model{{"a", "0123"}, {"b", "beside"}}));
  };
  check();
  ASSERT_TRUE(db->Flush());
  check();
  ASSERT_TRUE(db->CompactRange({}, {}));
  check();
}

TEST_F(MergeTest, NothingIsBeneathADelete) {
  auto db = Open();
  for (const char* key : {"a", "b"}) ASSERT_TRUE(db->Put(sync_, key, Number(1000)));
  ASSERT_TRUE(db->Flush());
  WriteBatch batch;
  batch.Merge("a", MergeOperator::kAdd, Number(100));
  batch.Delete("a");
  batch.Merge("a", MergeOperator::kAdd, Number(3));
  batch.Merge("a", MergeOperator::kAdd, Number(4));
  batch.DeleteRange("b", "c");
  batch.Merge("b", MergeOperator::kAdd, Number(5));
  ASSERT_TRUE(db->Write(sync_, batch));
  for (int i = 0; i < 3; ++i) {
    Expect(*db, {}, "a", Number(7));
    Expect(*db, {}, "b", Number(5));
    if (i == 0) {
      ASSERT_TRUE(db->Flush());
    }
    if (i == 1) {
      ASSERT_TRUE(db->CompactRange({}, {}));
    }
  }
}

TEST_F(MergeTest, SumsSurviveReopeningAndCompaction) {
  auto db = Open();
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(db->Merge(lazy_, "n", MergeOperator::kAdd, Number(7)));
    if (i % 40 == 39) {
      ASSERT_TRUE(db->Flush());
    }
    if (i % 90 == 89) {
      ASSERT_TRUE(db->CompactRange({}, {}));
    }
    if (i % 100 == 99) {
      ASSERT_TRUE(db->Close());
      db = Open();
    }
  }
  Expect(*db, {}, "n", Number(2100));
}

TEST_F(MergeTest, ABadOperandIsRefusedBeforeAnythingIsWritten) {
  auto db = Open();
  const SequenceNumber before = db->VisibleSequence();
  const Status refused = db->Merge(sync_, "n", MergeOperator::kAdd, "seven");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  WriteBatch batch;
  batch.Put("a", "v");
  batch.Merge("n", static_cast<MergeOperator>(9), "v");
  EXPECT_FALSE(db->Write(sync_, batch));
  EXPECT_EQ(db->VisibleSequence(), before);
  EXPECT_TRUE(Scan(*db).empty());
}

}  // namespace
}  // namespace beach::engine
