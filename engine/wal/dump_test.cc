// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/wal/format.h"
#include "engine/wal/test_log.h"

namespace beach::engine::wal {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class Dump : public testing::Test {
 protected:
  Dump() {
    EXPECT_TRUE(db_.Open());
    EXPECT_TRUE(db_.Append("a"));
    EXPECT_TRUE(db_.Append("bb", false));
    EXPECT_TRUE(db_.Append("ccc"));
    EXPECT_TRUE(db_.Append("dddd"));
  }
  Result<SegmentDump> Run() {
    lines_.clear();
    return DumpSegment(
        db_.files, db_.Path(), [this](const std::string& line) { lines_.push_back(line); },
        [](const Flight& flight, const DumpSink& sink) { sink("  " + Bytes(flight.payload)); });
  }
  Bytes& bytes() { return db_.files.Seen(db_.Path()); }

  TestLog db_;
  std::vector<std::string> lines_;
};

TEST_F(Dump, PrintsEachItemWithItsPayload) {
  const auto dump = Run();
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->state, SegmentState::kSound);
  EXPECT_EQ(dump->items, 4U);
  EXPECT_EQ(dump->end, db_.log->end().offset);
  ASSERT_EQ(lines_.size(), 10U);
  EXPECT_EQ(lines_[0], "segment 1: epoch 1, 131072 bytes, follows 0:0, header checksum ok");
  EXPECT_THAT(lines_[3], StartsWith("offset 8192: run record, 2 bytes, 1 operations from "
                                    "sequence 2, durable 1:8192, checksum "));
  EXPECT_EQ(lines_[8], "  dddd");
  EXPECT_EQ(lines_[9], "offset 20480: end");
}

TEST_F(Dump, TellsDamageAndGoesOnBehindIt) {
  bytes()[8192 + 64] ^= 1;
  const auto dump = Run();
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->state, SegmentState::kDamaged);
  EXPECT_EQ(dump->end, 8192U);
  EXPECT_EQ(dump->items, 3U);
  EXPECT_THAT(lines_, Contains(HasSubstr("offset 8192: DAMAGE")));
  EXPECT_THAT(lines_, Contains("  dddd"));
}

TEST_F(Dump, TellsATornTail) {
  bytes()[16384 + 64] ^= 1;
  auto dump = Run();
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->state, SegmentState::kTornTail);
  EXPECT_EQ(dump->items, 3U);
  EXPECT_THAT(lines_, Contains("offset 16384: end; torn tail behind it, 0 bytes of it sound"));
}

TEST_F(Dump, ADamagedHeaderBlockIsDamageAndAMissingFileAnError) {
  bytes()[20] ^= 1;
  const auto dump = Run();
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->state, SegmentState::kDamaged);
  EXPECT_THAT(lines_, Contains(HasSubstr("DAMAGE")));
  db_.files.contents.clear();
  EXPECT_FALSE(Run());
}

}  // namespace
}  // namespace beach::engine::wal
