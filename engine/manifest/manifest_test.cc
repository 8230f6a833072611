// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/internal_key.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest_file.h"
#include "engine/testing/memory_files.h"

namespace beach::engine {
namespace {

using testing::FileCall;
using testing::FileEvent;
using testing::MemoryFiles;

constexpr DatabaseId kDatabase{.high = 0x1122334455667788, .low = 0x99aabbccddeeff00};

Bytes KeyOf(ByteView user_key, std::uint64_t sequence) {
  Bytes key;
  AppendInternalKey(key, {.user_key = user_key, .sequence = SequenceNumber(sequence)});
  return key;
}

TableInfo TableOf(std::uint64_t file, std::uint64_t first, std::uint64_t last) {
  return {.file = FileNumber(file),
          .size_bytes = 1000 + file,
          .entries = last - first + 1,
          .smallest = KeyOf("a", last),
          .largest = KeyOf("z", first),
          .sequence_min = SequenceNumber(first),
          .sequence_max = SequenceNumber(last)};
}

wal::Segment SegmentOf(std::uint64_t ordinal, std::uint64_t file) {
  return {.ordinal = SegmentOrdinal(ordinal), .file = FileNumber(file), .size_bytes = 65536};
}

ManifestState StateWithLog() {
  ManifestState state;
  state.database = kDatabase;
  state.epoch = OpenEpoch(3);
  state.next_file = FileNumber(10);
  state.last_sequence = SequenceNumber(50);
  state.replay_from = {SegmentOrdinal(4), 4096};
  state.durable = {SegmentOrdinal(4), 8192};
  state.tables = {TableOf(7, 1, 50)};
  state.segments = {SegmentOf(4, 8)};
  return state;
}

ManifestEdit RandomEdit() {
  const auto number = [] { return *rc::gen::arbitrary<std::uint64_t>(); };
  const auto maybe = [] { return *rc::gen::arbitrary<bool>(); };
  ManifestEdit edit;
  if (maybe()) edit.database = DatabaseId{number(), number()};
  if (maybe()) edit.epoch = OpenEpoch(number());
  if (maybe()) edit.next_file = FileNumber(number());
  if (maybe()) edit.last_sequence = SequenceNumber(number());
  if (maybe()) edit.replay_from = LogPosition{SegmentOrdinal(number()), number()};
  if (maybe()) edit.durable = LogPosition{SegmentOrdinal(number()), number()};
  if (maybe()) edit.time = TimeMark{SequenceNumber(number()), number()};
  if (maybe()) edit.log_mark = LogMark{number(), *rc::gen::arbitrary<std::string>()};
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    edit.tables_added.push_back({.file = FileNumber(number()),
                                 .size_bytes = number(),
                                 .entries = number(),
                                 .smallest = KeyOf(*rc::gen::arbitrary<std::string>(), 7),
                                 .largest = KeyOf(*rc::gen::arbitrary<std::string>(), 8),
                                 .sequence_min = SequenceNumber(number()),
                                 .sequence_max = SequenceNumber(number()),
                                 .level = *rc::gen::inRange(0U, kLevelCount)});
    if (maybe()) edit.tables_added.back().origin = DatabaseId{.high = number(), .low = number()};
    TableInfo& table = edit.tables_added.back();
    if (table.origin && maybe()) table.origin_file = FileNumber(number());
    edit.tables_removed.emplace_back(number());
    edit.segments_added.push_back({SegmentOrdinal(number()), FileNumber(number()), number(),
                                   maybe() ? wal::Segment::kOpenEnd : number()});
    edit.segments_sealed.push_back({SegmentOrdinal(number()), number()});
    edit.segments_removed.emplace_back(number());
  }
  return edit;
}

RC_GTEST_PROP(ManifestEditTest, DecodesWhatItEncodes, ()) {
  const ManifestEdit edit = RandomEdit();
  const auto decoded = DecodeManifestEdit(EncodeManifestEdit(edit));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == edit);
}

RC_GTEST_PROP(ManifestEditTest, GarbageIsAnErrorOrAnEdit, (std::string garbage)) {
  garbage.insert(0, 1, '\x01');
  const auto decoded = DecodeManifestEdit(garbage);
  if (!decoded) return;
  const auto again = DecodeManifestEdit(EncodeManifestEdit(*decoded));
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == *decoded);
}

RC_GTEST_PROP(ManifestEditTest, EveryCutIsAnErrorOrAShorterEdit, ()) {
  const ManifestEdit edit = RandomEdit();
  const Bytes bytes = EncodeManifestEdit(edit);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto decoded = DecodeManifestEdit(ByteView(bytes).substr(0, length));
    if (decoded) RC_ASSERT(EncodeManifestEdit(*decoded).size() <= length);
  }
}

TEST(ManifestEditTest, UnknownVersionsAndCriticalTagsAreRefusedOthersSkipped) {
  Bytes version("\x02", 1);
  EXPECT_EQ(DecodeManifestEdit(version).error().code(), ErrorCode::kRefused);

  Bytes critical("\x01", 1);
  Encoder(critical).Varint(127);
  Encoder(critical).LengthPrefixed("x");
  EXPECT_EQ(DecodeManifestEdit(critical).error().code(), ErrorCode::kRefused);

  Bytes skippable("\x01", 1);
  Encoder(skippable).Varint(128);
  Encoder(skippable).LengthPrefixed("x");
  EXPECT_EQ(DecodeManifestEdit(skippable), ManifestEdit{});

  EXPECT_EQ(DecodeManifestEdit("").error().code(), ErrorCode::kCorruption);
}

TEST(ManifestEditTest, LengthBeyondTheInputIsCorruption) {
  Bytes bytes("\x01\x07", 2);
  Encoder(bytes).Varint(~std::uint64_t{0});
  EXPECT_EQ(DecodeManifestEdit(bytes).error().code(), ErrorCode::kCorruption);
}

TEST(ManifestStateTest, SnapshotMakesTheSameState) {
  ManifestState state = StateWithLog();
  state.next_file = FileNumber(100'000);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    state.tables.push_back(TableOf(20 + i, 100 + i, 100 + i));
  }
  const std::vector<ManifestEdit> edits = state.Snapshot();
  EXPECT_GT(edits.size(), 1U);
  ManifestState again;
  for (const ManifestEdit& edit : edits) {
    EXPECT_LT(EncodeManifestEdit(edit).size(), kManifestRecordSizeMax);
    // Apply is for few tables at a time; the snapshot's are checked once.
    again.tables.insert(again.tables.end(), edit.tables_added.begin(), edit.tables_added.end());
  }
  EXPECT_EQ(again.tables, state.tables);
  ManifestEdit head = edits.front();
  head.tables_added = state.tables;
  ManifestState whole;
  ASSERT_TRUE(whole.Apply(head));
  EXPECT_EQ(whole, state);
}

// The next segment is listed while the log is in the one before.
TEST(ManifestStateTest, SegmentsGetTheirEndsInOrder) {
  ManifestState state = StateWithLog();
  ManifestEdit add;
  add.segments_added = {SegmentOf(5, 9)};
  ASSERT_TRUE(state.Apply(add));
  ManifestEdit seal;
  seal.segments_sealed = {{SegmentOrdinal(5), 8192}};
  ManifestState copy = state;
  EXPECT_EQ(copy.Apply(seal).error().code(), ErrorCode::kCorruption);
  ManifestEdit seal_lower;
  seal_lower.segments_sealed = {{SegmentOrdinal(4), 8192}};
  ASSERT_TRUE(state.Apply(seal_lower));
  EXPECT_TRUE(state.Apply(seal));
}

struct Contradiction {
  const char* name;
  void (*make)(ManifestEdit&);
};

TEST(ManifestStateTest, EveryContradictionIsCorruption) {
  const Contradiction contradictions[] = {
      {"epoch back", [](ManifestEdit& e) { e.epoch = OpenEpoch(2); }},
      {"next file back", [](ManifestEdit& e) { e.next_file = FileNumber(9); }},
      {"sequence back", [](ManifestEdit& e) { e.last_sequence = SequenceNumber(49); }},
      {"replay back",
       [](ManifestEdit& e) {
         e.replay_from = LogPosition{SegmentOrdinal(4), 0};
       }},
      {"durable back",
       [](ManifestEdit& e) {
         e.durable = LogPosition{SegmentOrdinal(4), 0};
       }},
      {"other database",
       [](ManifestEdit& e) {
         e.database = DatabaseId{1, 2};
       }},
      {"table twice", [](ManifestEdit& e) { e.tables_added = {TableOf(7, 60, 61)}; }},
      {"number of a segment", [](ManifestEdit& e) { e.tables_added = {TableOf(8, 60, 61)}; }},
      {"number at next", [](ManifestEdit& e) { e.tables_added = {TableOf(10, 60, 61)}; }},
      {"number 0", [](ManifestEdit& e) { e.tables_added = {TableOf(0, 60, 61)}; }},
      {"unknown table", [](ManifestEdit& e) { e.tables_removed = {FileNumber(6)}; }},
      {"segment with an end above an open one",
       [](ManifestEdit& e) {
         e.segments_added = {SegmentOf(5, 9)};
         e.segments_added[0].end = 8192;
       }},
      {"ordinal not above",
       [](ManifestEdit& e) {
         e.segments_sealed = {{SegmentOrdinal(4), 8192}};
         e.segments_added = {SegmentOf(4, 9)};
       }},
      {"unknown seal",
       [](ManifestEdit& e) {
         e.segments_sealed = {{SegmentOrdinal(3), 0}};
       }},
      {"end beyond file",
       [](ManifestEdit& e) {
         e.segments_sealed = {{SegmentOrdinal(4), 65537}};
       }},
      {"unknown segment", [](ManifestEdit& e) { e.segments_removed = {SegmentOrdinal(3)}; }},
      {"replay nowhere",
       [](ManifestEdit& e) {
         e.replay_from = LogPosition{SegmentOrdinal(5), 0};
       }},
      {"durable nowhere",
       [](ManifestEdit& e) {
         e.durable = LogPosition{SegmentOrdinal(5), 0};
       }},
      {"replay beyond its segment",
       [](ManifestEdit& e) {
         e.replay_from = LogPosition{SegmentOrdinal(4), 65537};
       }},
      {"durable beyond its segment",
       [](ManifestEdit& e) {
         e.durable = LogPosition{SegmentOrdinal(4), 65537};
       }},
      {"durable beyond the end of its segment",
       [](ManifestEdit& e) {
         e.segments_sealed = {{SegmentOrdinal(4), 8192}};
         e.durable = LogPosition{SegmentOrdinal(4), 8193};
       }},
      {"an impossible ordinal",
       [](ManifestEdit& e) { e.segments_added = {SegmentOf(kSegmentOrdinalMax.value + 1, 9)}; }},
      {"sealed twice",
       [](ManifestEdit& e) {
         e.segments_sealed = {{SegmentOrdinal(4), 8192}, {SegmentOrdinal(4), 8192}};
       }},
      {"too many segments",
       [](ManifestEdit& e) {
         for (std::uint64_t i = 0; i < kSegmentsListedMax; ++i) {
           e.segments_added.push_back(SegmentOf(5 + i, 9));
         }
       }},
      {"no lower bound",
       [](ManifestEdit& e) {
         e.tables_added = {TableOf(9, 60, 61)};
         e.tables_added[0].smallest = "7 bytes";
       }},
      {"no upper bound",
       [](ManifestEdit& e) {
         e.tables_added = {TableOf(9, 60, 61)};
         e.tables_added[0].largest = "7 bytes";
       }},
      {"bounds inverted",
       [](ManifestEdit& e) {
         e.tables_added = {TableOf(9, 60, 61)};
         std::swap(e.tables_added[0].smallest, e.tables_added[0].largest);
       }},
  };
  for (const Contradiction& contradiction : contradictions) {
    ManifestState state = StateWithLog();
    ManifestEdit edit;
    contradiction.make(edit);
    const Status applied = state.Apply(edit);
    ASSERT_FALSE(applied) << contradiction.name;
    EXPECT_EQ(applied.error().code(), ErrorCode::kCorruption) << contradiction.name;
  }
}

TEST(ManifestStateTest, TheSameDatabaseAgainIsNoContradiction) {
  ManifestState state = StateWithLog();
  const ManifestState before = state;
  ManifestEdit edit;
  edit.database = state.database;
  ASSERT_TRUE(state.Apply(edit));
  EXPECT_EQ(state, before);
}

// What is written is held to the same as what is read.
TEST(ManifestStateTest, AStateThatContradictsItselfIsCorruption) {
  ASSERT_TRUE(StateWithLog().Check());
  void (*const changes[])(ManifestState&) = {
      [](ManifestState& s) { s.replay_from.segment = SegmentOrdinal(9); },
      [](ManifestState& s) { s.durable.segment = SegmentOrdinal(9); },
      [](ManifestState& s) { s.replay_from.offset = s.segments[0].size_bytes + 1; },
      [](ManifestState& s) { s.durable.offset = s.segments[0].size_bytes + 1; },
      [](ManifestState& s) { s.epoch = kEpochMax.Next(); },
      [](ManifestState& s) { s.segments.push_back(s.segments[0]); },
      [](ManifestState& s) {
        for (std::uint64_t i = 0; i < kSegmentsListedMax; ++i) {
          s.segments.push_back(SegmentOf(5 + i, 100 + i));
        }
        s.next_file = FileNumber(1'000'000);
      },
  };
  for (const auto& change : changes) {
    ManifestState state = StateWithLog();
    change(state);
    const Status checked = state.Check();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), ErrorCode::kCorruption);
  }
}

TEST(ManifestFileTest, GoldenBytes) {
  Bytes bytes = EncodeManifestHeader(FileNumber(5), kManifestHeaderSize);
  ManifestEdit edit;
  edit.epoch = OpenEpoch(2);
  edit.segments_sealed = {{SegmentOrdinal(1), 8192}};
  AppendManifestRecord(bytes, FileNumber(5), kManifestHeaderSize, EncodeManifestEdit(edit));
  Bytes hex;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  EXPECT_EQ(hex.substr(0, 64),
            "42454143484d414e0100000000000000"
            "05000000000000002800000000000000");
  EXPECT_EQ(hex.substr(96),
            "01"
            "020102"
            "0a03"
            "018040");  // the edit, byte by byte
  EXPECT_EQ(hex.substr(88, 8), "09000000");
}

Bytes ThreeRecords(FileNumber file) {
  Bytes bytes = EncodeManifestHeader(file, kManifestHeaderSize);
  for (const char* payload : {"first", "second", "third"}) {
    AppendManifestRecord(bytes, file, bytes.size(), payload);
  }
  return bytes;
}

TEST(ManifestFileTest, AnyCutOfTheLastRecordIsATornTail) {
  const Bytes bytes = ThreeRecords(FileNumber(5));
  const std::size_t last = bytes.size() - kManifestRecordHeaderSize - 5;
  for (std::size_t size = last; size < bytes.size(); ++size) {
    ManifestContents contents;
    ASSERT_TRUE(ParseManifest(ByteView(bytes).substr(0, size), FileNumber(5), "m", contents));
    EXPECT_EQ(contents.records.size(), 2U);
    EXPECT_EQ(contents.torn_tail_bytes, size - last);
    // And the same with the size durable and the data not.
    Bytes zeros = bytes.substr(0, size);
    zeros.resize(bytes.size());
    ASSERT_TRUE(ParseManifest(zeros, FileNumber(5), "m", contents));
    EXPECT_EQ(contents.records.size(), 2U);
  }
}

TEST(ManifestFileTest, AnyFlippedByteBeforeTheLastRecordIsDetected) {
  const Bytes bytes = ThreeRecords(FileNumber(5));
  const std::size_t last = bytes.size() - kManifestRecordHeaderSize - 5;
  for (std::size_t at = 0; at < last; ++at) {
    Bytes damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    ManifestContents contents;
    const Status parsed = ParseManifest(damaged, FileNumber(5), "m", contents);
    ASSERT_FALSE(parsed) << at;
    EXPECT_EQ(parsed.error().path(), "m");
  }
}

TEST(ManifestFileTest, DamageInTheSnapshotIsNeverATornTail) {
  Bytes records;
  AppendManifestRecord(records, FileNumber(5), kManifestHeaderSize, "snapshot");
  Bytes bytes = EncodeManifestHeader(FileNumber(5), kManifestHeaderSize + records.size()) + records;
  bytes.pop_back();
  ManifestContents contents;
  EXPECT_EQ(ParseManifest(bytes, FileNumber(5), "m", contents).error().code(),
            ErrorCode::kCorruption);
}

TEST(ManifestFileTest, ARecordOfAnotherFileOrPlaceIsBad) {
  Bytes bytes = EncodeManifestHeader(FileNumber(5), kManifestHeaderSize);
  AppendManifestRecord(bytes, FileNumber(6), kManifestHeaderSize, "foreign");
  ManifestContents contents;
  ASSERT_TRUE(ParseManifest(bytes, FileNumber(5), "m", contents));
  EXPECT_TRUE(contents.records.empty());

  bytes.resize(kManifestHeaderSize);
  AppendManifestRecord(bytes, FileNumber(5), kManifestHeaderSize + 1, "misplaced");
  ASSERT_TRUE(ParseManifest(bytes, FileNumber(5), "m", contents));
  EXPECT_TRUE(contents.records.empty());
}

RC_GTEST_PROP(ManifestFileTest, GarbageBehindTheHeaderNeverStopsTheProcess, (std::string garbage)) {
  ManifestContents contents;
  static_cast<void>(ParseManifest(garbage, FileNumber(5), "m", contents));
  const Bytes bytes = EncodeManifestHeader(FileNumber(5), kManifestHeaderSize) + garbage;
  RC_ASSERT(ParseManifest(bytes, FileNumber(5), "m", contents).has_value());
  RC_ASSERT(contents.records.empty());
}

TEST(ManifestFileTest, UnknownVersionsAndForeignFilesAreRefused) {
  Bytes bytes = EncodeManifestHeader(FileNumber(5), kManifestHeaderSize);
  ManifestContents contents;
  EXPECT_EQ(ParseManifest(bytes, FileNumber(6), "m", contents).error().code(),
            ErrorCode::kCorruption);
  bytes[8] = 2;
  StoreFixed(bytes.data() + 32, Crc32c(ByteView(bytes).substr(0, 32)));
  EXPECT_EQ(ParseManifest(bytes, FileNumber(5), "m", contents).error().code(), ErrorCode::kRefused);
  bytes[0] = 'X';
  EXPECT_EQ(ParseManifest(bytes, FileNumber(5), "m", contents).error().code(), ErrorCode::kRefused);
}

class ManifestTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.CreateDirectory("db")); }

  std::unique_ptr<Manifest> Start(ManifestState state, std::uint64_t size_max = kMiB) {
    auto manifest = Manifest::Start(files_, "db", std::move(state), size_max);
    EXPECT_TRUE(manifest) << manifest.error().ToString();
    return *std::move(manifest);
  }
  static ManifestEdit Progress(std::uint64_t sequence) {
    ManifestEdit edit;
    edit.last_sequence = SequenceNumber(sequence);
    return edit;
  }

  MemoryFiles files_;
};

TEST_F(ManifestTest, ReadsBackWhatWasApplied) {
  const auto manifest = Start(StateWithLog());
  const FileNumber file = manifest->NewFileNumber();
  ManifestEdit edit;
  edit.tables_added = {TableOf(file.value, 51, 60)};
  ASSERT_TRUE(manifest->Apply(edit));
  const auto read = ReadManifest(files_, "db", kDatabase);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->state, manifest->state());
  EXPECT_EQ(read->state.tables.size(), 2U);
  EXPECT_GT(read->state.next_file, file);
}

TEST_F(ManifestTest, RollsToANewFileAndRemovesTheOld) {
  const auto manifest = Start(StateWithLog(), 1);
  const FileNumber first = manifest->file();
  for (std::uint64_t i = 51; manifest->file() == first; ++i) {
    ASSERT_LT(i, 1000U);
    ASSERT_TRUE(manifest->Apply(Progress(i)));
  }
  EXPECT_FALSE(*files_.Exists("db/" + ManifestFileName(first)));
  const auto read = ReadManifest(files_, "db", kDatabase);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->file, manifest->file());
  EXPECT_EQ(read->state, manifest->state());
}

TEST_F(ManifestTest, AFailedSyncPoisonsForGood) {
  const auto manifest = Start(StateWithLog());
  files_.set_hook([](const FileEvent& event) -> Status {
    if (event.call != FileCall::kSync) return {};
    return Fail(Error(ErrorCode::kIo, "no sync").At(event.path));
  });
  EXPECT_EQ(manifest->Apply(Progress(51)).error().code(), ErrorCode::kIo);
  files_.set_hook({});
  EXPECT_EQ(manifest->Apply(Progress(52)).error().message(), "no sync");
  EXPECT_EQ(manifest->state().last_sequence, SequenceNumber(50));
}

TEST_F(ManifestTest, AnEditThatCannotBePoisonsAndIsNotWritten) {
  ManifestEdit back;
  back.epoch = OpenEpoch(1);
  ManifestEdit large;  // each key may be there, both exceed a record
  large.tables_added = {TableOf(9, 51, 52), TableOf(11, 53, 54)};
  for (TableInfo& table : large.tables_added)
    table.largest = KeyOf(Bytes(kManifestRecordSizeMax / 2, 'z'), 51);
  const std::pair<ManifestEdit, ErrorCode> edits[] = {{back, ErrorCode::kCorruption},
                                                      {large, ErrorCode::kInvalidArgument}};
  for (const auto& [edit, code] : edits) {
    auto manifest = Start(StateWithLog());
    manifest->NewFileNumber();
    const std::string path = "db/" + ManifestFileName(manifest->file());
    const Bytes before = files_.Content(path);
    const ManifestState state = manifest->state();
    EXPECT_EQ(manifest->Apply(edit).error().code(), code);
    EXPECT_EQ(manifest->Apply(Progress(52)).error().code(), code);
    EXPECT_EQ(manifest->state(), state);
    EXPECT_EQ(files_.Content(path), before);
    manifest.reset();
    ASSERT_TRUE(files_.Remove(path));
  }
}

// The edit is durable in the old file; the new one is taken back.
TEST_F(ManifestTest, AFailedRollPoisonsAndKeepsTheOldFile) {
  const auto manifest = Start(StateWithLog(), 1);
  const FileNumber first = manifest->file();
  files_.set_hook([first](const FileEvent& event) -> Status {
    const bool other = event.path.find(ManifestFileName(first)) == std::string::npos;
    if (event.call == FileCall::kWrite && other) return Fail(ErrorCode::kIo, "broken");
    return {};
  });
  std::uint64_t last = 51;
  while (manifest->Apply(Progress(last))) {
    ASSERT_LT(last, 1000U);
    ++last;
  }
  files_.set_hook({});
  EXPECT_EQ(manifest->Apply(Progress(last + 1)).error().message(), "broken");
  EXPECT_EQ(files_.List("db").value(),
            (std::vector<std::string>{"CURRENT", ManifestFileName(first)}));
  EXPECT_EQ(ReadManifest(files_, "db", kDatabase)->state.last_sequence, SequenceNumber(last));
}

TEST_F(ManifestTest, NoSpaceForANewFileLeavesTheOldOneInUse) {
  const auto manifest = Start(StateWithLog(), 1);
  const FileNumber first = manifest->file();
  files_.set_hook([first](const FileEvent& event) -> Status {
    const bool other = event.path.find(ManifestFileName(first)) == std::string::npos;
    if (event.call == FileCall::kWrite && other) return Fail(ErrorCode::kNoSpace, "full");
    return {};
  });
  for (std::uint64_t i = 51; i < 150; ++i) ASSERT_TRUE(manifest->Apply(Progress(i)));
  files_.set_hook({});
  EXPECT_EQ(manifest->file(), first);
  EXPECT_EQ(ReadManifest(files_, "db", kDatabase)->state.last_sequence, SequenceNumber(149));
  for (std::uint64_t i = 150; manifest->file() == first; ++i) {
    ASSERT_LT(i, 1000U);
    ASSERT_TRUE(manifest->Apply(Progress(i)));
  }
}

TEST_F(ManifestTest, DamagedOrMissingCurrentAndManifestAreNamed) {
  const auto manifest = Start(StateWithLog());
  const std::string path = "db/" + ManifestFileName(manifest->file());
  EXPECT_EQ(ReadManifest(files_, "db", DatabaseId{1, 2}).error().code(), ErrorCode::kRefused);

  const Bytes current = files_.Content("db/CURRENT");
  for (std::size_t at = 0; at < current.size(); ++at) {
    Bytes damaged = current;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    files_.SetContent("db/CURRENT", damaged);
    const auto read = ReadManifest(files_, "db", kDatabase);
    ASSERT_FALSE(read) << at;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  }
  files_.SetContent("db/CURRENT", EncodeCurrent(kFileNumberMax.Next()));
  EXPECT_EQ(ReadManifest(files_, "db", kDatabase).error().code(), ErrorCode::kCorruption);
  files_.SetContent("db/CURRENT", current);
  ASSERT_TRUE(files_.Remove(path));
  const auto read = ReadManifest(files_, "db", kDatabase);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(read.error().path(), path);
}

TEST(IdentityTest, RoundTripAndEveryDamage) {
  const Bytes bytes = EncodeIdentity(kDatabase);
  EXPECT_EQ(DecodeIdentity(bytes, "i"), kDatabase);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_FALSE(DecodeIdentity(damaged, "i")) << at;
    EXPECT_FALSE(DecodeIdentity(ByteView(bytes).substr(0, at), "i")) << at;
  }
  Bytes other_version = bytes;
  other_version[8] = 9;
  StoreFixed(other_version.data() + 32, Crc32c(ByteView(other_version).substr(0, 32)));
  EXPECT_EQ(DecodeIdentity(other_version, "i").error().code(), ErrorCode::kRefused);
}

TEST(FileNamesTest, OnlyOurSpellingsAreOurs) {
  EXPECT_EQ(ParseFileName("000012.sst")->number, FileNumber(12));
  EXPECT_EQ(ParseFileName("1234567.wal")->kind, FileKind::kSegment);
  EXPECT_EQ(ParseFileName(ManifestFileName(FileNumber(3)))->kind, FileKind::kManifest);
  for (const char* name : {"12.sst", "0000012.sst", "000000.sst", "00001x.wal", "MANIFEST-", "x",
                           "99999999999999999999.sst", "CURRENT.bak"}) {
    EXPECT_FALSE(ParseFileName(name)) << name;
  }
}

}  // namespace
}  // namespace beach::engine
