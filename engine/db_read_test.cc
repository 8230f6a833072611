// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

using DbReadTest = DbTest;

TEST_F(DbReadTest, ASnapshotStaysWhatItWas) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Put(sync_, "b", "1"));
  const auto snapshot = *db->GetSnapshot();
  EXPECT_EQ(snapshot->sequence(), SequenceNumber(2));
  ASSERT_TRUE(db->Put(sync_, "a", "2"));
  ASSERT_TRUE(db->Delete(sync_, "b"));
  ASSERT_TRUE(db->Put(sync_, "c", "2"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put(sync_, "a", "3"));
  const ReadOptions then{.snapshot = snapshot.get(), .range = {}};
  EXPECT_EQ(*db->Get(then, "a"), Bytes("1"));
  EXPECT_EQ(*db->Get(then, "b"), Bytes("1"));
  EXPECT_EQ(*db->Get(then, "c"), std::nullopt);
  EXPECT_EQ(Scan(*db, then), (Model{{"a", "1"}, {"b", "1"}}));
  EXPECT_EQ(Scan(*db), (Model{{"a", "3"}, {"c", "2"}}));
}

TEST_F(DbReadTest, ASnapshotOfAnotherHandleIsRefused) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  const auto old = *db->GetSnapshot();
  db = nullptr;  // the snapshot outlives it, to no effect
  db = Open();
  const ReadOptions options{.snapshot = old.get(), .range = {}};
  EXPECT_EQ(db->Get(options, "a").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->NewIterator(options).error().code(), ErrorCode::kInvalidArgument);
  const ByteView key = "a";
  EXPECT_EQ(db->MultiGet(options, {&key, 1})[0].error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(DbReadTest, SnapshotsHaveALimit) {
  Options options = SmallOptions();
  options.snapshots_max = 2;
  auto db = Open(options);
  auto first = *db->GetSnapshot();
  const auto second = *db->GetSnapshot();
  EXPECT_EQ(db->GetSnapshot().error().code(), ErrorCode::kOverloaded);
  first.reset();
  EXPECT_TRUE(db->GetSnapshot());
}

TEST_F(DbReadTest, MultiGetAnswersEachKeyInItsPlace) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Put(sync_, "c", "3"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put(sync_, "", "empty"));
  ASSERT_TRUE(db->Delete(sync_, "c"));
  const std::vector<ByteView> keys = {"c", "a", "b", "", "a"};
  const auto found = db->MultiGet({}, keys);
  ASSERT_EQ(found.size(), keys.size());
  EXPECT_EQ(*found[0], std::nullopt);
  EXPECT_EQ(*found[1], Bytes("1"));
  EXPECT_EQ(*found[2], std::nullopt);
  EXPECT_EQ(*found[3], Bytes("empty"));
  EXPECT_EQ(*found[4], Bytes("1"));
  EXPECT_TRUE(db->MultiGet({}, {}).empty());
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(db->MultiGet({}, keys)[4].error().code(), ErrorCode::kClosed);
  EXPECT_EQ(db->GetSnapshot().error().code(), ErrorCode::kClosed);
}

TEST_F(DbReadTest, OneKeyThatCannotBeReadDoesNotHideTheOthers) {
  Options options = SmallOptions();
  options.block_cache_size = 0;
  auto db = Open(options);
  ASSERT_TRUE(db->Put(sync_, "table", "1"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put(sync_, "memory", "2"));
  SetHook(FileCall::kRead, ".sst", ErrorCode::kIo);
  const std::vector<ByteView> keys = {"table", "memory"};
  const auto found = db->MultiGet({}, keys);
  EXPECT_EQ(found[0].error().code(), ErrorCode::kIo);
  EXPECT_EQ(*found[1], Bytes("2"));
}

TEST_F(DbReadTest, AnIteratorKeepsToItsRange) {
  auto db = Open();
  for (const char* const key : {"", "a", "b", "ba", "b\xff", "c"}) {
    ASSERT_TRUE(db->Put(sync_, key, "1"));
  }
  const ReadOptions prefix{.snapshot = nullptr, .range = KeyRange::OfPrefix("b")};
  EXPECT_EQ(Scan(*db, prefix), (Model{{"b", "1"}, {"ba", "1"}, {"b\xff", "1"}}));
  const auto iterator = *db->NewIterator(prefix);
  iterator->SeekToLast();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "b\xff");
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  iterator->Seek("a");
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "b");
  iterator->Previous();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status());
  EXPECT_TRUE(Scan(*db, {.snapshot = nullptr, .range = {.begin = "c", .end = "b"}}).empty());
}

}  // namespace
}  // namespace beach::engine
