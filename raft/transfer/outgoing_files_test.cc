// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/outgoing_files.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/crc32c.h"
#include "engine/testing/memory_files.h"
#include "raft/transfer/testing/transfer_world.h"

namespace beach::raft {
namespace {

const Bytes kFirst = "0123456789";
const Bytes kSecond = "abcdef";

class OutgoingFilesTest : public ::testing::Test {
 protected:
  OutgoingFilesTest() {
    EXPECT_TRUE(files_.CreateDirectory("n"));
    files_.SetContent("n/1", kFirst);
    files_.SetContent("n/2", kSecond);
    store_.files = {{.path = "n/1", .size_bytes = 10}, {.path = "n/2", .size_bytes = 6}};
    snapshot_ = *OutgoingSnapshot::Make(std::move(*store_.Pin()));
    files_.set_hook([this](const engine::testing::FileEvent& event) -> Status {
      if (event.call == engine::testing::FileCall::kRead) ++reads_;
      return {};
    });
  }

  engine::testing::MemoryFiles files_;
  testing::TestStore store_;
  std::shared_ptr<OutgoingSnapshot> snapshot_;
  std::uint64_t reads_ = 0;
};

TEST_F(OutgoingFilesTest, AreReadOnceFromBeginToEnd) {
  OutgoingReader reader(files_, snapshot_);
  EXPECT_EQ(reader.Read(0, 6)->bytes, "012345");
  const auto last = reader.Read(6, 4);
  EXPECT_EQ(last->bytes, "6789");
  EXPECT_EQ(last->file_crc, Crc32c(kFirst));
  EXPECT_EQ(reader.Read(10, 4)->file_crc, 0U);
  EXPECT_EQ(reader.Read(14, 2)->file_crc, Crc32c(kSecond));
  EXPECT_EQ(reads_, 4U);
}

TEST_F(OutgoingFilesTest, WhoBeginsInTheMiddleHasTheSameChecksums) {
  OutgoingReader reader(files_, snapshot_);
  EXPECT_EQ(reader.Read(6, 4)->file_crc, Crc32c(kFirst));
  EXPECT_EQ(reader.Read(12, 4)->file_crc, Crc32c(kSecond));
  const std::uint64_t before = reads_;
  OutgoingReader other(files_, snapshot_);  // they are known by now
  EXPECT_EQ(other.Read(8, 2)->file_crc, Crc32c(kFirst));
  EXPECT_EQ(reads_, before + 1);
}

TEST_F(OutgoingFilesTest, AStretchThatIsReadTwiceCountsOnce) {
  OutgoingReader reader(files_, snapshot_);
  ASSERT_TRUE(reader.Read(0, 4).has_value());
  ASSERT_TRUE(reader.Read(4, 4).has_value());
  ASSERT_TRUE(reader.Read(4, 4).has_value());
  EXPECT_EQ(reader.Read(8, 2)->file_crc, Crc32c(kFirst));
}

TEST_F(OutgoingFilesTest, AsManyBytesAsTheFileHasAreNotYetTheFile) {
  OutgoingReader reader(files_, snapshot_);
  ASSERT_TRUE(reader.Read(4, 4).has_value());
  ASSERT_TRUE(reader.Read(4, 4).has_value());
  EXPECT_EQ(reader.Read(8, 2)->file_crc, Crc32c(kFirst));
}

TEST_F(OutgoingFilesTest, WhatIsNotAsItWasPinnedIsDamage) {
  OutgoingReader reader(files_, snapshot_);
  files_.SetContent("n/1", "0123");
  EXPECT_EQ(reader.Read(0, 6).error().code(), ErrorCode::kCorruption);
  files_.SetContent("n/2", "abcdefg");
  EXPECT_EQ(reader.Read(12, 4).error().code(), ErrorCode::kCorruption);
  ASSERT_TRUE(files_.Remove("n/1"));
  OutgoingReader other(files_, snapshot_);
  EXPECT_EQ(other.Read(0, 6).error().code(), ErrorCode::kNotFound);
}

// The checksum of a damaged file would make its bytes good for whoever gets them.
TEST_F(OutgoingFilesTest, WhatIsDamagedGetsNoChecksum) {
  store_.damaged.insert("n/1");
  OutgoingReader reader(files_, snapshot_);
  EXPECT_EQ(reader.Read(0, 6)->bytes, "012345");
  EXPECT_EQ(reader.Read(6, 4).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(reader.Read(10, 6)->file_crc, Crc32c(kSecond));
  OutgoingReader other(files_, snapshot_);
  EXPECT_EQ(other.Read(6, 4).error().code(), ErrorCode::kCorruption);
}

TEST_F(OutgoingFilesTest, WhatCannotBeReadIsForItsMakerToKnow) {
  OutgoingReader reader(files_, snapshot_);
  files_.set_hook([](const engine::testing::FileEvent& event) -> Status {
    if (event.call != engine::testing::FileCall::kRead) return {};
    return Fail(ErrnoError(EIO, "read", event.path, event.offset));
  });
  EXPECT_EQ(reader.Read(0, 2).error().code(), ErrorCode::kIo);
  EXPECT_EQ(store_.checks, 1U);
}

TEST_F(OutgoingFilesTest, WhatDiffersFromWhatIsKnownIsCheckedAgain) {
  OutgoingReader reader(files_, snapshot_);
  EXPECT_EQ(reader.Read(0, 10)->file_crc, Crc32c(kFirst));
  EXPECT_EQ(store_.checks, 1U);
  OutgoingReader same(files_, snapshot_);
  EXPECT_EQ(same.Read(0, 10)->file_crc, Crc32c(kFirst));
  EXPECT_EQ(store_.checks, 1U);
  files_.SetContent("n/1", "0123x56789");
  OutgoingReader other(files_, snapshot_);
  ASSERT_TRUE(other.Read(0, 5).has_value());
  store_.damaged.insert("n/1");
  EXPECT_EQ(other.Read(5, 5).error().code(), ErrorCode::kCorruption);
  // It was wrong the first time, and is sound.
  store_.damaged.clear();
  OutgoingReader third(files_, snapshot_);
  EXPECT_EQ(third.Read(0, 10)->file_crc, Crc32c("0123x56789"));
  EXPECT_EQ(store_.checks, 3U);
}

TEST_F(OutgoingFilesTest, WhatCannotBeSentIsRefused) {
  store_.files[0].size_bytes = 0;
  EXPECT_EQ(OutgoingSnapshot::Make(std::move(*store_.Pin())).error().code(),
            ErrorCode::kInvalidArgument);
  store_.files.clear();
  store_.description.assign(kDescriptionBytesMax + 1, 'd');
  EXPECT_EQ(OutgoingSnapshot::Make(std::move(*store_.Pin())).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_.held, 1U);
}

}  // namespace
}  // namespace beach::raft
