// SPDX-License-Identifier: Apache-2.0
#include "engine/dump.h"

#include <gtest/gtest.h>

#include "engine/internal_key.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/manifest/manifest_file.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

constexpr DatabaseId kDatabase{.high = 1, .low = 2};
constexpr FileNumber kManifest{9};
constexpr FileNumber kShared{4};  // of a table first, then of a segment

TableInfo Table() {
  TableInfo table;
  table.file = kShared;
  table.size_bytes = 100;
  table.entries = 1;
  AppendInternalKey(table.smallest, {.user_key = "a", .sequence = SequenceNumber(1)});
  table.largest = table.smallest;
  table.sequence_min = SequenceNumber(1);
  table.sequence_max = SequenceNumber(1);
  return table;
}

void PutManifest(testing::MemoryFiles& files, const std::vector<ManifestEdit>& edits) {
  Bytes records;
  for (const ManifestEdit& edit : edits) {
    AppendManifestRecord(records, kManifest, kManifestHeaderSize + records.size(),
                         EncodeManifestEdit(edit));
  }
  ASSERT_TRUE(files.CreateDirectory("db").has_value());
  files.SetContent("db/LOCK", {});
  files.SetContent("db/IDENTITY", EncodeIdentity(kDatabase));
  files.SetContent("db/CURRENT", EncodeCurrent(kManifest));
  files.SetContent("db/" + ManifestFileName(kManifest),
                   EncodeManifestHeader(kManifest, kManifestHeaderSize) + records);
}

// A table and a segment of one number, and then the table goes: only the sum is legal.
std::vector<ManifestEdit> Edits() {
  std::vector<ManifestEdit> edits(3);
  edits[0].database = kDatabase;
  edits[0].next_file = FileNumber(10);
  edits[0].tables_added = {Table()};
  edits[1].segments_added = {{SegmentOrdinal(1), kShared, 65536, wal::Segment::kOpenEnd}};
  edits[1].replay_from = LogPosition{SegmentOrdinal(1), 4096};
  edits[2].tables_removed = {kShared};
  return edits;
}

TEST(DumpManifest, TakesWhatTheReaderTakes) {
  testing::MemoryFiles files;
  PutManifest(files, Edits());
  const auto read = ReadManifest(files, "db", kDatabase);
  ASSERT_TRUE(read.has_value()) << read.error().ToString();
  std::string text;
  const Status dumped = DumpManifest(
      files, "db", [&text](std::string_view line) { text += std::string(line) + "\n"; });
  EXPECT_TRUE(dumped.has_value()) << dumped.error().ToString();
  EXPECT_NE(text.find("state\n"), std::string::npos);
}

TEST(DumpManifest, RefusesASumThatTheReaderRefuses) {
  testing::MemoryFiles files;
  std::vector<ManifestEdit> edits = Edits();
  edits.pop_back();
  PutManifest(files, edits);
  const auto read = ReadManifest(files, "db", kDatabase);
  ASSERT_FALSE(read.has_value());
  const Status dumped = DumpManifest(files, "db", [](std::string_view) {});
  ASSERT_FALSE(dumped.has_value());
  EXPECT_EQ(dumped.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(dumped.error().ToString(), read.error().ToString());
}

class DumpLogTest : public DbTest {};

TEST_F(DumpLogTest, SaysEveryKindOfOperationWithItsNumber) {
  auto db = Open();
  WriteBatch batch;
  batch.Put("p", "1");
  batch.Delete("d");
  batch.DeleteRange("a", "c");
  batch.Merge("m", MergeOperator::kAppend, "x");
  batch.AdvanceTime(7);
  batch.PutUntil("u", "2", 9);
  ASSERT_TRUE(db->Write(sync_, batch));
  db.reset();
  std::string text;
  const Status dumped =
      DumpLogSegment(files_, "db/" + NamesOf(FileKind::kSegment).front(),
                     [&text](std::string_view line) { text += std::string(line) + "\n"; });
  ASSERT_TRUE(dumped) << dumped.error().ToString();
  EXPECT_NE(text.find("    1 put \"p\" = \"1\"\n"
                      "    2 delete \"d\"\n"
                      "    3 delete from \"a\" to \"c\"\n"
                      "    4 merge \"m\" append \"x\"\n"
                      "    5 time 7\n"
                      "    6 put \"u\" = \"2\" until 9\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace beach::engine
