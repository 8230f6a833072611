// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "engine/sst/format.h"
#include "engine/sst/table_testing.h"

namespace beach::engine::sst {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::MemoryFiles;
using ::testing::Not;

class DumpTableTest : public ::testing::Test {
 protected:
  DumpTableTest() {
    Options options;
    options.block_size = 30;
    BuildTable(files_, "t.sst",
               {{KeyAt("beach", 3), "sand"},
                {KeyAt("beach", 1, ValueKind::kDelete), ""},
                {KeyAt("pier\n", 4), Bytes("\0\xff", 2)}},
               options);
  }

  Status Dump(bool entries) {
    lines_.clear();
    return DumpTable(files_, "t.sst", entries,
                     [this](std::string_view line) { lines_.emplace_back(line); });
  }

  void Change(std::size_t at) {
    Bytes content = files_.Content("t.sst");
    ASSERT_LT(at, content.size());
    content[at] = static_cast<char>(content[at] ^ 1);
    files_.SetContent("t.sst", content);
  }

  MemoryFiles files_;
  std::vector<std::string> lines_;
};

TEST_F(DumpTableTest, ShowsASoundTable) {
  ASSERT_TRUE(Dump(false).has_value());
  EXPECT_THAT(lines_, Contains("file number: 7"));
  EXPECT_THAT(lines_, Contains("database: 0123456789abcdeffedcba9876543210"));
  EXPECT_THAT(lines_, Contains("entries: 3, 1 of them deletes"));
  EXPECT_THAT(lines_, Contains("largest: \"pier\\x0a\" 4 put"));
  EXPECT_THAT(lines_, Contains("sequence numbers: 1 to 4"));
  EXPECT_THAT(lines_, Contains(HasSubstr("block 0: offset 0, ")));
  EXPECT_THAT(lines_, Contains(HasSubstr("block 1: ")));
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("sand"))));
  EXPECT_EQ(lines_.back(), "sound");
}

TEST_F(DumpTableTest, ShowsEntriesWhenAsked) {
  ASSERT_TRUE(Dump(true).has_value());
  EXPECT_THAT(lines_, Contains("  \"beach\" 3 put = \"sand\""));
  EXPECT_THAT(lines_, Contains("  \"beach\" 1 delete = \"\""));
  EXPECT_THAT(lines_, Contains("  \"pier\\x0a\" 4 put = \"\\x00\\xff\""));
}

TEST_F(DumpTableTest, PassesOverADamagedBlockAndReportsIt) {
  Change(files_.Content("t.sst").find("sand"));
  const Status dumped = Dump(true);
  ASSERT_FALSE(dumped.has_value());
  EXPECT_EQ(dumped.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(dumped.error().offset(), 0U);
  EXPECT_THAT(lines_, Contains(HasSubstr("bad block checksum (t.sst, offset 0)")));
  EXPECT_THAT(lines_, Contains(HasSubstr("\"pier\\x0a\" 4 put = ")));
  EXPECT_EQ(lines_.back(), "damaged");
}

TEST_F(DumpTableTest, ShowsWhatItCanWithoutPropertiesOrIndex) {
  const std::size_t properties = files_.Content("t.sst").find("comparator");
  Change(properties);
  EXPECT_EQ(Dump(true).error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(lines_, Contains(HasSubstr("= \"sand\"")));

  // The index ends right in front of the footer.
  Change(properties);
  Change(files_.Content("t.sst").size() - kFooterSize - 1);
  EXPECT_EQ(Dump(true).error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(lines_, Contains(HasSubstr("entries: 3")));
}

TEST_F(DumpTableTest, SaysWhenItIsNoTable) {
  files_.SetContent("t.sst", Bytes(500, 'x'));
  const Status dumped = Dump(false);
  ASSERT_FALSE(dumped.has_value());
  EXPECT_EQ(dumped.error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(lines_, Contains(HasSubstr("no table footer")));
  EXPECT_EQ(DumpTable(files_, "absent", false, [](std::string_view) {}).error().code(),
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace beach::engine::sst
