// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>

#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class InMemoryTest : public DbTest {
 protected:
  Result<std::unique_ptr<Db>> TryOpenInMemory(std::uint64_t bytes_max) {
    return Db::OpenInMemory({.files = nullptr, .clock = &clock_, .events = &events_},
                            SmallOptions(), bytes_max);
  }
};

TEST_F(InMemoryTest, IsADatabaseThatEndsWithItsHandle) {
  std::unique_ptr<LogCursor> cursor;
  std::unique_ptr<const Snapshot> snapshot;
  for (int life = 0; life < 2; ++life) {
    auto db = TryOpenInMemory(16 * kMiB);
    ASSERT_TRUE(db) << db.error().ToString();
    EXPECT_TRUE(Scan(**db).empty());
    Model model;
    for (int i = 0; i < 400; ++i) {
      const Bytes key = "k" + std::to_string(i * 7 % 90);
      model[key] = Bytes(100, static_cast<char>('a' + i % 26));
      ASSERT_TRUE((*db)->Put(i % 3 == 0 ? sync_ : lazy_, key, model[key]));
    }
    ASSERT_TRUE((*db)->CompactRange(std::nullopt, std::nullopt));
    EXPECT_EQ(Scan(**db), model);
    cursor = *(*db)->NewLogCursor((*db)->VisibleSequence());
    snapshot = *(*db)->GetSnapshot();
  }
  // What outlives the handle harms nothing.
  EXPECT_EQ(cursor->Next(0).error().code(), ErrorCode::kClosed);
}

TEST_F(InMemoryTest, BeyondItsBytesWritesAreRefusedAndDeletesMakeRoomAgain) {
  EXPECT_EQ(TryOpenInMemory(60 * kKiB).error().code(), ErrorCode::kNoSpace);
  auto db = TryOpenInMemory(2 * kMiB);
  ASSERT_TRUE(db);
  int written = 0;
  for (; written < 5000; ++written) {
    const Status put = (*db)->Put(lazy_, "k" + std::to_string(written), Bytes(1000, 'v'));
    if (put) continue;
    ASSERT_EQ(put.error().code(), ErrorCode::kNoSpace);
    break;
  }
  EXPECT_GT(written, 500);
  EXPECT_LT(written, 2200);
  // Nothing acknowledged is lost, and reads go on.
  EXPECT_EQ(Scan(**db).size(), static_cast<std::size_t>(written));
  EXPECT_TRUE((*db)->Delete(sync_, "k0"));
  EXPECT_EQ(Scan(**db).size(), static_cast<std::size_t>(written) - 1);
}

}  // namespace
}  // namespace beach::engine
