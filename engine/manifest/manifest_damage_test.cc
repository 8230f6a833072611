// SPDX-License-Identifier: Apache-2.0
// Bytes that no manifest of ours has: torn, flipped, and made up under right checksums.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/internal_key.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/manifest/manifest_file.h"
#include "engine/testing/memory_files.h"
#include "engine/wal/format.h"

namespace beach::engine {
namespace {

using testing::MemoryFiles;

constexpr DatabaseId kDatabase{.high = 7, .low = 8};
constexpr FileNumber kFile(5);

Bytes WithRecord(ByteView payload) {
  Bytes bytes = EncodeManifestHeader(kFile, kManifestHeaderSize);
  AppendManifestRecord(bytes, kFile, bytes.size(), payload);
  return bytes;
}

// Each place claims a length that fits, so that each is looked at.
Bytes TailOfClaims(std::size_t size) {
  Bytes tail;
  while (tail.size() < size) tail.append("\x01\x01\x01\x00", 4);
  return tail;
}

TEST(TornTailTest, ALargeTailOfPlausibleLengthsIsTornAndReadInLinearTime) {
  // 16 MiB in which every fourth place claims 64 KiB.
  const Bytes sound = WithRecord("edit");
  const Bytes bytes = sound + TailOfClaims(kManifestRecordSizeMax);
  ManifestContents contents;
  ASSERT_TRUE(ParseManifest(bytes, kFile, "m", contents));
  EXPECT_EQ(contents.records.size(), 1U);
  EXPECT_EQ(contents.end, sound.size());
  EXPECT_EQ(contents.torn_tail_bytes, kManifestRecordSizeMax);
}

TEST(TornTailTest, AGoodRecordBehindABadOneIsFoundWhereverItIs) {
  for (const std::size_t gap : {1U, 2U, 63U, 64U, 65U, 1000U, 5000U}) {
    for (const std::size_t length : {1U, 60U, 64U, 4096U, 9999U}) {
      Bytes bytes = WithRecord("edit");
      const std::size_t bad = bytes.size();
      bytes += TailOfClaims(gap).substr(0, gap);
      AppendManifestRecord(bytes, kFile, bytes.size(), Bytes(length, 'r'));
      ManifestContents contents;
      const Status parsed = ParseManifest(bytes, kFile, "m", contents);
      ASSERT_FALSE(parsed) << gap << " " << length;
      EXPECT_EQ(parsed.error().code(), ErrorCode::kCorruption);
      EXPECT_EQ(parsed.error().offset(), bad);
      // And torn once more behind that: still damage.
      bytes += "torn";
      EXPECT_FALSE(ParseManifest(bytes, kFile, "m", contents));
      // One bit less, and nothing good is left.
      bytes[bytes.size() - 5] = 's';
      EXPECT_TRUE(ParseManifest(bytes, kFile, "m", contents));
    }
  }
}

TEST(TornTailTest, MoreThanOneRecordIsNoTornTail) {
  const Bytes bytes =
      WithRecord("edit") + Bytes(kManifestRecordHeaderSize + kManifestRecordSizeMax + 1, '\0');
  ManifestContents contents;
  EXPECT_FALSE(ParseManifest(bytes, kFile, "m", contents));
}

TEST(VersionTest, IsBelievedOnlyUnderItsChecksum) {
  Bytes manifest = EncodeManifestHeader(kFile, kManifestHeaderSize);
  Bytes identity = EncodeIdentity(kDatabase);
  manifest[8] = 2;
  identity[8] = 2;
  ManifestContents contents;
  EXPECT_EQ(ParseManifest(manifest, kFile, "m", contents).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(DecodeIdentity(identity, "i").error().code(), ErrorCode::kCorruption);
  StoreFixed(manifest.data() + 32, Crc32c(ByteView(manifest).substr(0, 32)));
  StoreFixed(identity.data() + 32, Crc32c(ByteView(identity).substr(0, 32)));
  EXPECT_EQ(ParseManifest(manifest, kFile, "m", contents).error().code(), ErrorCode::kRefused);
  EXPECT_EQ(DecodeIdentity(identity, "i").error().code(), ErrorCode::kRefused);
}

TableInfo Table(std::uint64_t sequence) {
  TableInfo table;
  table.file = FileNumber(7);
  table.size_bytes = 100;
  table.entries = 1;
  AppendInternalKey(table.smallest, {.user_key = "k", .sequence = SequenceNumber(1)});
  table.largest = table.smallest;
  table.sequence_min = SequenceNumber(1);
  table.sequence_max = SequenceNumber(sequence);
  return table;
}

ManifestEdit Sound() {
  ManifestEdit edit;
  edit.database = kDatabase;
  edit.epoch = OpenEpoch(1);
  edit.next_file = FileNumber(10);
  edit.replay_from = LogPosition{SegmentOrdinal(1), 4096};
  edit.durable = LogPosition{SegmentOrdinal(1), 4096};
  edit.segments_added = {{SegmentOrdinal(1), FileNumber(6), 65536, wal::Segment::kOpenEnd}};
  edit.tables_added = {Table(1)};
  return edit;
}

struct Absurdity {
  const char* name;
  void (*make)(ManifestEdit&, std::uint64_t);
  std::uint64_t most;
};

const Absurdity kAbsurdities[] = {
    {"epoch", [](ManifestEdit& e, std::uint64_t n) { e.epoch = OpenEpoch(n); }, kEpochMax.value},
    {"next file", [](ManifestEdit& e, std::uint64_t n) { e.next_file = FileNumber(n); },
     kFileNumberMax.value},
    {"last sequence", [](ManifestEdit& e, std::uint64_t n) { e.last_sequence = SequenceNumber(n); },
     kRecordedSequenceMax.value},
    {"sequence of a table", [](ManifestEdit& e, std::uint64_t n) { e.tables_added = {Table(n)}; },
     kRecordedSequenceMax.value},
    {"ordinal",
     [](ManifestEdit& e, std::uint64_t n) {
       e.segments_added[0].ordinal = SegmentOrdinal(n);
       e.replay_from->segment = SegmentOrdinal(n);
     },
     kSegmentOrdinalMax.value},
    {"segment size", [](ManifestEdit& e, std::uint64_t n) { e.segments_added[0].size_bytes = n; },
     wal::kSegmentSizeMax},
    {"replay offset",
     [](ManifestEdit& e, std::uint64_t n) {
       e.segments_added[0].size_bytes = wal::kSegmentSizeMax;
       e.replay_from->offset = n;
     },
     wal::kSegmentSizeMax},
    {"replay offset in a small segment",
     [](ManifestEdit& e, std::uint64_t n) { e.replay_from->offset = n; }, 65536},
    {"durable offset",
     [](ManifestEdit& e, std::uint64_t n) {
       e.segments_added[0].size_bytes = wal::kSegmentSizeMax;
       e.durable->offset = n;
     },
     wal::kSegmentSizeMax},
    {"durable offset in a small segment",
     [](ManifestEdit& e, std::uint64_t n) { e.durable->offset = n; }, 65536},
};

TEST(HostileManifestTest, AbsurdNumbersAreCorruptionAtTheirRecord) {
  for (const Absurdity& absurdity : kAbsurdities) {
    for (const std::uint64_t number : {absurdity.most, absurdity.most + 1, ~std::uint64_t{0}}) {
      MemoryFiles files;
      ASSERT_TRUE(files.CreateDirectory("db"));
      ManifestEdit edit = Sound();
      absurdity.make(edit, number);
      files.SetContent("db/CURRENT", EncodeCurrent(kFile));
      files.SetContent("db/" + ManifestFileName(kFile), WithRecord(EncodeManifestEdit(edit)));
      const auto read = ReadManifest(files, "db", kDatabase);
      ASSERT_EQ(read.has_value(), number == absurdity.most) << absurdity.name << " " << number;
      if (read) continue;
      EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
      EXPECT_EQ(read.error().offset(), kManifestHeaderSize);
    }
  }
}

// Else an open would take the manifest that CURRENT names for a leftover.
TEST(HostileManifestTest, AManifestsOwnNumberIsBelowTheNext) {
  for (const bool below : {false, true}) {
    const FileNumber own(below ? 9 : 10);
    MemoryFiles files;
    ASSERT_TRUE(files.CreateDirectory("db"));
    Bytes bytes = EncodeManifestHeader(own, kManifestHeaderSize);
    AppendManifestRecord(bytes, own, bytes.size(), EncodeManifestEdit(Sound()));
    files.SetContent("db/CURRENT", EncodeCurrent(own));
    files.SetContent("db/" + ManifestFileName(own), bytes);
    const auto read = ReadManifest(files, "db", kDatabase);
    ASSERT_EQ(read.has_value(), below);
    if (read) continue;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(read.error().offset(), bytes.size());
  }
}

// Each edit costs what it touches: else this would take minutes.
TEST(HostileManifestTest, ManySmallEditsOfALargeStateAreRead) {
  constexpr std::uint64_t kSegments = 200'000;
  ManifestEdit large = Sound();
  large.segments_added.front().end = 4096;
  for (std::uint64_t i = 1; i < kSegments; ++i) {
    large.segments_added.push_back({SegmentOrdinal(1 + i), FileNumber(100 + i), 65536, 4096});
  }
  large.next_file = FileNumber(kSegments + 1000);
  large.durable = LogPosition{SegmentOrdinal(kSegments), 4096};
  ManifestBuilder builder;
  ASSERT_TRUE(builder.Apply(large));
  for (std::uint64_t i = 1; i < kSegments; ++i) {
    ManifestEdit edit;
    edit.segments_removed = {SegmentOrdinal(i)};
    edit.replay_from = LogPosition{SegmentOrdinal(i + 1), 4096};
    ASSERT_TRUE(builder.Apply(edit));
  }
  const auto state = std::move(builder).Finish();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->segments, std::vector{large.segments_added.back()});
  EXPECT_EQ(state->tables, large.tables_added);
}

TEST(HostileManifestTest, AStateAtItsBoundsIsNeverWrittenBeyondThem) {
  ManifestState state;
  ManifestEdit edit = Sound();
  edit.next_file = kFileNumberMax;
  ASSERT_TRUE(state.Apply(edit));
  MemoryFiles files;
  ASSERT_TRUE(files.CreateDirectory("db"));
  const auto manifest = Manifest::Start(files, "db", state, kMiB);
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code(), ErrorCode::kCorruption);
  EXPECT_TRUE(files.List("db")->empty());
}

// The bounds of a table may fill a record: a snapshot gives such a table an edit of its own.
TEST(HostileManifestTest, ATableAsLargeAsARecordIsWrittenAgain) {
  ManifestState state;
  ManifestEdit edit = Sound();
  for (std::uint64_t i = 0; i < 8; ++i) {
    edit.tables_added.push_back(Table(1));
    edit.tables_added.back().file = FileNumber(150'000 + i);
    edit.tables_added.back().sequence_min = SequenceNumber(10 + i);
    edit.tables_added.back().sequence_max = SequenceNumber(10 + i);
    edit.tables_added.back().smallest.insert(0, 60'000, 'k');
    edit.tables_added.back().largest.insert(0, 60'000, 'k');
  }
  edit.tables_added.push_back(Table(1));
  TableInfo& large = edit.tables_added.back();
  large.file = FileNumber(160'000);
  large.sequence_min = large.sequence_max = SequenceNumber(20);
  large.smallest.insert(0, kManifestRecordSizeMax / 2 - 200, 'k');
  large.largest.insert(0, kManifestRecordSizeMax / 2 - 200, 'k');
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    edit.segments_added.push_back({SegmentOrdinal(1 + i), FileNumber(10 + i), 65536, 4096});
  }
  edit.segments_added.front().end = 4096;
  edit.next_file = FileNumber(200'000);
  ASSERT_TRUE(state.Apply(edit));
  MemoryFiles files;
  ASSERT_TRUE(files.CreateDirectory("db"));
  const auto manifest = Manifest::Start(files, "db", state, kMiB);
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  const auto read = ReadManifest(files, "db", kDatabase);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->state.tables, state.tables);
  EXPECT_EQ(read->state.segments, state.segments);
}

TEST(FileNumberTest, ReachesSixtyFourBitsAndNoFurther) {
  EXPECT_EQ(ParseFileName("9999999999999999999.sst")->number, FileNumber(9999999999999999999U));
  EXPECT_EQ(ParseFileName("18446744073709551615.sst")->number, FileNumber(~std::uint64_t{0}));
  for (const char* name :
       {"18446744073709551616.sst", "18446744073709551620.sst", "20000000000000000000.sst",
        "99999999999999999999.sst", "184467440737095516150.sst"}) {
    EXPECT_FALSE(ParseFileName(name)) << name;
  }
}

}  // namespace
}  // namespace beach::engine
