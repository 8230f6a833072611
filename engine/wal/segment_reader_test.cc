// SPDX-License-Identifier: Apache-2.0
// A file that becomes shorter while it is read, under another program's hands: what is not there
// any more is no item, or damage with its place; never bytes that nobody read.
#include "engine/wal/segment_reader.h"

#include <gtest/gtest.h>

#include "engine/wal/format.h"
#include "engine/wal/test_log.h"

namespace beach::engine::wal {
namespace {

constexpr std::uint64_t kLarge = 3 * 1024 * 1024 + 100;  // more than is read at once

// A large flight in block 1, and behind it a record that ends inside a block.
class ShrinkingSegment : public testing::Test {
 protected:
  ShrinkingSegment() {
    db_.segment_size = 16 * 1024 * 1024;
    EXPECT_TRUE(db_.Open());
    EXPECT_TRUE(db_.Append(Bytes(kLarge, 'x')));
    EXPECT_TRUE(db_.Append(Bytes(kLarge, 'y'), false));
    second_ = db_.log->end().offset - kLarge - kItemHeaderSize;
    reader_ = std::make_unique<SegmentReader>(*SegmentReader::Open(db_.files, db_.Path()));
  }
  void Cut(std::uint64_t size) { db_.files.Seen(db_.Path()).resize(size); }
  bool ItemAt(std::uint64_t offset) {
    const auto found = reader_->ItemAt(offset, db_.segment_size, header_);
    EXPECT_TRUE(found) << found.error().ToString();
    return found && *found;
  }
  // So much is read in vain that the reader goes over to the checksums of prefixes.
  void ReadInVain() {
    Bytes& bytes = db_.files.Seen(db_.Path());
    bytes[kSegmentHeaderSize + kItemHeaderSize] = '?';
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(ItemAt(kSegmentHeaderSize));
  }

  TestLog db_;
  std::uint64_t second_ = 0;
  std::unique_ptr<SegmentReader> reader_;
  ItemHeader header_;
};

TEST_F(ShrinkingSegment, AnItemWhoseEndIsGoneIsNone) {
  EXPECT_TRUE(ItemAt(kSegmentHeaderSize));
  EXPECT_TRUE(ItemAt(second_));
  Cut(second_ + kItemHeaderSize);
  EXPECT_FALSE(ItemAt(second_));
  Cut(second_);
  EXPECT_FALSE(ItemAt(second_));
  EXPECT_TRUE(ItemAt(kSegmentHeaderSize));
}

TEST_F(ShrinkingSegment, APayloadThatIsGoneIsDamageWithItsPlace) {
  ASSERT_TRUE(ItemAt(second_));
  EXPECT_EQ(reader_->Payload(header_)->size(), kLarge);
  ASSERT_TRUE(ItemAt(kSegmentHeaderSize));
  ASSERT_TRUE(ItemAt(second_));
  Cut(second_ + 1024 * 1024);
  const auto payload = reader_->Payload(header_);
  ASSERT_FALSE(payload);
  EXPECT_EQ(payload.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(payload.error().path(), db_.Path());
  EXPECT_EQ(payload.error().offset(), second_);
}

TEST_F(ShrinkingSegment, ByPrefixesAnItemIsJudgedTheSame) {
  ReadInVain();
  ASSERT_TRUE(ItemAt(second_));
  const std::uint64_t end = header_.end();
  EXPECT_FALSE(ItemAt(kSegmentHeaderSize));
  ASSERT_NE(end % kBlockSize, 0U);
  Cut(end / kBlockSize * kBlockSize);  // since the prefixes were read
  EXPECT_FALSE(ItemAt(second_));
}

TEST_F(ShrinkingSegment, ByPrefixesOfAShorterFileItIsNone) {
  ReadInVain();
  Cut(second_ + 1024 * 1024);  // before the prefixes are read
  EXPECT_FALSE(ItemAt(second_));
}

TEST_F(ShrinkingSegment, ByPrefixesThatEndBeforeItItIsNone) {
  ReadInVain();
  EXPECT_FALSE(*reader_->Blank(second_, 1));  // its header is in memory from now on
  Cut(second_ - kBlockSize);
  EXPECT_FALSE(ItemAt(second_));
}

}  // namespace
}  // namespace beach::engine::wal
