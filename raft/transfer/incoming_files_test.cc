// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/incoming_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/crc32c.h"
#include "engine/testing/memory_files.h"

namespace beach::raft {
namespace {

constexpr SnapshotKey kKey(9);
const std::vector<std::uint64_t> kSizes = {10, 6};
const Bytes kFirst = "0123456789";
const Bytes kSecond = "abcdef";

class IncomingFilesTest : public ::testing::Test {
 protected:
  IncomingFilesTest() {
    EXPECT_TRUE(files_.CreateDirectory("n"));
    Start();
  }
  void Start() { incoming_ = std::make_unique<IncomingFiles>(files_, "n/in", 4); }
  std::uint64_t Open() { return incoming_->Open(kKey, kSizes).value_or(~std::uint64_t{0}); }
  void WriteFirst(std::uint64_t upto = 10) {
    for (std::uint64_t place = 0; place < upto; place += 2) {
      const auto end = incoming_->Write(place, ByteView(kFirst).substr(place, 2),
                                        place == 8 ? Crc32c(kFirst) : 0);
      ASSERT_TRUE(end.has_value());
      ASSERT_EQ(*end, place + 2);
    }
  }

  engine::testing::MemoryFiles files_;
  std::unique_ptr<IncomingFiles> incoming_;
};

TEST_F(IncomingFilesTest, ALaterLifeGoesOnWhereTheLastOneHadSynced) {
  EXPECT_EQ(Open(), 0U);
  WriteFirst(6);
  Start();
  EXPECT_EQ(Open(), 4U);  // synced every four bytes
  EXPECT_TRUE(incoming_->Write(4, "45", 0).has_value());
  EXPECT_EQ(incoming_->Open(kKey, kSizes), 6U);  // in one life all that was written counts
}

TEST_F(IncomingFilesTest, AWholeFileIsJudgedByItsChecksum) {
  EXPECT_EQ(Open(), 0U);
  WriteFirst();
  EXPECT_EQ(incoming_->Write(10, "abcdeX", Crc32c(kSecond)), 10U);  // again
  EXPECT_EQ(incoming_->Write(12, "cdef", 0), 10U);                  // not taken here
  const auto second = incoming_->Write(10, "abcdeX", Crc32c(kSecond));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(second.error().path(), "n/in/FILE-00000001");
  EXPECT_EQ(incoming_->Write(10, kSecond, Crc32c(kSecond)).error().code(), ErrorCode::kClosed);
}

// A place that lies in a file which was not what was sent is not believed later either.
TEST_F(IncomingFilesTest, AFileToBeSentAgainIsNotResumed) {
  EXPECT_EQ(Open(), 0U);
  WriteFirst(8);
  EXPECT_EQ(incoming_->Write(8, "89", Crc32c("other")), 0U);
  Start();
  EXPECT_EQ(Open(), 0U);
}

TEST_F(IncomingFilesTest, OfAnotherSnapshotNothingIsKept) {
  EXPECT_EQ(Open(), 0U);
  WriteFirst();
  Start();
  EXPECT_EQ(incoming_->Open(kKey.Next(), kSizes), 0U);
  EXPECT_EQ(files_.Snapshot("n/in").size(), 1U);  // PLACE
}

TEST_F(IncomingFilesTest, APlaceThatIsNotTrueIsNotBelieved) {
  const auto place_now = [&] { return files_.Content("n/in/PLACE"); };
  EXPECT_EQ(Open(), 0U);
  WriteFirst();
  ASSERT_TRUE(incoming_->Write(10, "abcd", 0).has_value());
  const auto good = files_.Snapshot("n/in");
  const Bytes place = place_now();
  ASSERT_EQ(place.size(), IncomingFiles::kPlaceSize);
  const auto restore = [&] {
    for (const auto& [name, content] : good) files_.SetContent("n/in/" + name, content);
    Start();
  };
  restore();
  EXPECT_EQ(Open(), 14U);
  for (std::size_t bit = 0; bit < place.size() * 8; ++bit) {
    restore();
    Bytes bad = place;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    files_.SetContent("n/in/PLACE", bad);
    EXPECT_EQ(Open(), 0U) << bit;
  }
  restore();
  files_.SetContent("n/in/PLACE", place + "x");
  EXPECT_EQ(Open(), 0U);
  restore();
  files_.SetContent("n/in/FILE-00000001", "abc");
  EXPECT_EQ(Open(), 0U);
  restore();
  ASSERT_TRUE(files_.Remove("n/in/FILE-00000000"));
  EXPECT_EQ(Open(), 0U);
}

TEST_F(IncomingFilesTest, ClearLeavesAnEmptyDirectoryOrNone) {
  EXPECT_TRUE(incoming_->Clear());
  EXPECT_FALSE(*files_.Exists("n/in"));
  EXPECT_EQ(Open(), 0U);
  WriteFirst();
  EXPECT_TRUE(incoming_->Clear());
  EXPECT_TRUE(files_.Snapshot("n/in").empty());
  EXPECT_EQ(incoming_->Write(10, "a", 0).error().code(), ErrorCode::kClosed);
  EXPECT_EQ(Open(), 0U);
}

}  // namespace
}  // namespace beach::raft
