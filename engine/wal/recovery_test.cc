// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/wal/format.h"
#include "engine/wal/segment_reader.h"
#include "engine/wal/test_log.h"

namespace beach::engine::wal {
namespace {

using Payloads = std::vector<Bytes>;

// Flights "a", "b", "c" at the blocks 1, 2 and 3: c vouches for a and b, nothing for c.
class ThreeFlights : public testing::Test {
 protected:
  ThreeFlights() {
    EXPECT_TRUE(db_.Open());
    for (const char* payload : {"a", "b", "c"}) EXPECT_TRUE(db_.Append(payload));
    pristine_ = db_.files.Seen(db_.Path());
  }
  Result<TestLog::Found> WithByteFlipped(std::uint64_t offset, int bit) {
    Bytes& bytes = db_.files.Seen(db_.Path());
    bytes = pristine_;
    bytes[offset] = static_cast<char>(bytes[offset] ^ (1 << bit));
    return db_.Recover();
  }
  // Puts an item behind what is there, as a life before this one could have left it.
  void Plant(ItemHeader header, ByteView payload) {
    header.payload_length = static_cast<std::uint32_t>(payload.size());
    Bytes image(header.size(), '\0');
    EncodeItem(header, payload, image.data());
    db_.files.Seen(db_.Path()).replace(header.begin.offset, image.size(), image);
  }
  ItemHeader At(std::uint64_t block, std::uint64_t previous_block) const {
    ItemHeader header;
    header.begin = {SegmentOrdinal(1), block * kBlockSize};
    header.previous_end = previous_block * kBlockSize;
    header.epoch = OpenEpoch(1);
    header.first_sequence = SequenceNumber(100);
    header.count = 1;
    header.durable = {SegmentOrdinal(1), kBlockSize};
    return header;
  }

  TestLog db_;
  Bytes pristine_;
};

TEST_F(ThreeFlights, DamageBelowTheDurableEndIsRefusedWithItsPlace) {
  for (const std::uint64_t block : {1U, 2U}) {
    for (std::uint64_t byte = 0; byte < kBlockSize; byte += byte < 80 ? 1 : 500) {
      const auto found = WithByteFlipped(block * kBlockSize + byte, static_cast<int>(byte % 8));
      ASSERT_FALSE(found) << "block " << block << " byte " << byte;
      EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
      EXPECT_EQ(found.error().path(), db_.Path());
      EXPECT_EQ(found.error().offset(), block * kBlockSize);
    }
  }
}

TEST_F(ThreeFlights, DamageInTheTailIsCut) {
  for (std::uint64_t byte = 0; byte < kBlockSize; byte += byte < 80 ? 1 : 500) {
    const auto found = WithByteFlipped(3 * kBlockSize + byte, static_cast<int>(byte % 8));
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_EQ(found->payloads, (Payloads{"a", "b"}));
    EXPECT_EQ(found->recovery.end.offset, 3 * kBlockSize);
  }
}

TEST_F(ThreeFlights, TheManifestsWatermarkVouchesToo) {
  db_.manifest.durable = {SegmentOrdinal(1), 4 * kBlockSize};
  const auto found = WithByteFlipped(3 * kBlockSize, 0);
  EXPECT_EQ(found.error().offset(), 3 * kBlockSize);
  db_.manifest.durable.offset = 3 * kBlockSize + 1;
  db_.files.Seen(db_.Path()) = pristine_;
  EXPECT_EQ(db_.Recover().error().code(), ErrorCode::kCorruption);  // inside a record
}

TEST_F(ThreeFlights, EveryByteOfTheHeaderBlockCounts) {
  for (std::uint64_t byte = 0; byte < kBlockSize; byte += byte < 80 ? 1 : 500) {
    const auto found = WithByteFlipped(byte, 1);
    ASSERT_FALSE(found) << byte;
    EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(found.error().offset(), 0U);
    EXPECT_EQ(found.error().path(), db_.Path());
  }
}

TEST_F(ThreeFlights, AnUnknownFormatVersionIsRefused) {
  Bytes& bytes = db_.files.Seen(db_.Path());
  StoreFixed(bytes.data() + kSegmentVersionOffset, kSaltedFormatVersion + 1);
  const std::uint32_t head = Crc32c(ByteView(bytes).substr(0, kSegmentCrcOffset));
  const ByteView rest =
      ByteView(bytes).substr(kSegmentOrdinalOffset, kSegmentHeaderSize - kSegmentOrdinalOffset);
  StoreFixed(bytes.data() + kSegmentCrcOffset, Crc32c(rest, head));
  EXPECT_EQ(db_.Recover().error().code(), ErrorCode::kRefused);
}

TEST_F(ThreeFlights, OnlyItemsOfThisSegmentPlaceAndEpochAreTaken) {
  const auto payloads = [this](const ItemHeader& header) {
    db_.files.Seen(db_.Path()) = pristine_;
    Plant(header, "planted");
    return db_.Recover()->payloads;
  };
  EXPECT_EQ(payloads(At(4, 4)).size(), 4U);
  ItemHeader other = At(4, 4);
  other.epoch = OpenEpoch(0);
  EXPECT_EQ(payloads(other).size(), 3U) << "an older epoch";
  other = At(4, 4);
  other.begin.segment = SegmentOrdinal(0);
  other.durable = {};
  EXPECT_EQ(payloads(other).size(), 3U) << "a former use of the file";
  other = At(4, 4);
  other.previous_end -= 5;
  EXPECT_EQ(payloads(other).size(), 3U) << "behind an item that is lost";
  EXPECT_EQ(payloads(At(5, 5)).size(), 3U) << "behind a gap";

  db_.files.Seen(db_.Path()) = pristine_;
  Plant(At(5, 5), "misplaced");
  Bytes& bytes = db_.files.Seen(db_.Path());
  bytes.replace(4 * kBlockSize, kBlockSize, bytes.substr(5 * kBlockSize, kBlockSize));
  EXPECT_EQ(db_.Recover()->payloads.size(), 3U) << "written for another offset";
}

TEST_F(ThreeFlights, WhatWasCutNeverComesBack) {
  Plant(At(5, 5), "cut");  // two in flight at the power loss: the first is lost, this one is not
  auto found = db_.Open();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->recovery.bytes_beyond_end, kBlockSize);
  for (int life = 0; life < 3; ++life) {
    ASSERT_TRUE(db_.Append("new"));
    found = db_.Open();
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_EQ(std::count(found->payloads.begin(), found->payloads.end(), "cut"), 0);
    EXPECT_EQ(found->payloads.size(), 4U + static_cast<std::size_t>(life));
  }
}

// One run over two chunks, its first part lost with the power: the second is whole, and cut.
TEST(Recovery, ARunThatLostItsMiddleIsCutThere) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append(Bytes(10'000, 'a'), false));
  const std::uint64_t first_end = db.log->end().offset;
  ASSERT_TRUE(db.Append(Bytes(15'000, 'b'), false));
  ASSERT_TRUE(db.Append(Bytes(20'000, 'c'), false));
  EXPECT_EQ(db.log->end().offset, kChunkSize + kItemHeaderSize + 20'000);
  db.files.Seen(db.Path()).replace(BlockUp(first_end), kBlockSize, kBlockSize, '\0');
  auto found = db.Open();
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->payloads, (Payloads{Bytes(10'000, 'a')}));
  EXPECT_EQ(found->recovery.bytes_beyond_end, kItemHeaderSize + 20'000);
  EXPECT_TRUE(found->recovery.torn);
  EXPECT_EQ(db.Open()->payloads, (Payloads{Bytes(10'000, 'a')}));
}

TEST_F(ThreeFlights, AVouchBeyondTheEndStillVouches) {
  ItemHeader vouch = At(6, 6);
  vouch.kind = ItemKind::kVouch;
  vouch.count = 0;
  vouch.durable.offset = 5 * kBlockSize;
  Plant(vouch, {});
  EXPECT_EQ(db_.Recover().error().offset(), 4 * kBlockSize);
}

TEST_F(ThreeFlights, MissingAndShortFiles) {
  Bytes& bytes = db_.files.Seen(db_.Path());
  bytes.resize(4 * kBlockSize);
  EXPECT_EQ(db_.Recover()->payloads.size(), 3U);
  bytes.resize(4 * kBlockSize - 1);
  EXPECT_EQ(db_.Recover()->payloads.size(), 2U);
  db_.manifest.durable = {SegmentOrdinal(1), 4 * kBlockSize};
  EXPECT_EQ(db_.Recover().error().code(), ErrorCode::kCorruption);
  bytes.resize(100);
  EXPECT_EQ(db_.Recover().error().code(), ErrorCode::kCorruption);
  db_.files.contents.clear();
  const auto found = db_.Recover();
  EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(found.error().path(), "db/000001.wal");
}

TEST_F(ThreeFlights, AReadErrorIsNoTornTail) {
  for (const std::uint64_t offset : {std::uint64_t{0}, 2 * kBlockSize, 20 * kBlockSize}) {
    db_.files.read_error_from = offset;
    EXPECT_EQ(db_.Recover().error().code(), ErrorCode::kIo) << offset;
  }
}

TEST_F(ThreeFlights, AReplayThatFailsStopsTheRecovery) {
  const auto found = RecoverLog(db_.files, db_.manifest, [](const Flight&) -> Status {
    return Fail(ErrorCode::kCorruption, "bad batch");
  });
  EXPECT_EQ(found.error().message(), "bad batch");
}

TEST_F(ThreeFlights, ReplaysFromTheGivenPosition) {
  db_.manifest.replay_from = {SegmentOrdinal(1), 2 * kBlockSize};
  EXPECT_EQ(db_.Recover()->payloads, (Payloads{"b", "c"}));
  for (const LogPosition bad :
       {LogPosition{SegmentOrdinal(2), kBlockSize}, LogPosition{SegmentOrdinal(1), 5}}) {
    db_.manifest.replay_from = bad;
    EXPECT_EQ(db_.Recover().error().code(), ErrorCode::kCorruption);
  }
}

TEST_F(ThreeFlights, ARegisteredSegmentNotYetEnteredIsNotRead) {
  const Segment ahead = db_.NewSegment({}, TestLog::kSize);
  db_.manifest.segments.push_back(ahead);
  const auto found = db_.Recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->recovery.end.segment, SegmentOrdinal(1));
  EXPECT_EQ(found->recovery.kept.size(), 1U);
  db_.files.contents.erase(db_.Path(ahead));
  EXPECT_EQ(db_.Recover().error().code(), ErrorCode::kCorruption);
}

RC_GTEST_FIXTURE_PROP(ThreeFlights, GarbageIsATypedAnswer, ()) {
  const auto writes =
      *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint8_t>>>(rc::gen::pair(
          rc::gen::inRange<std::uint32_t>(0, 6 * kBlockSize), rc::gen::arbitrary<std::uint8_t>()));
  Bytes& bytes = db_.files.Seen(db_.Path());
  bytes = pristine_;
  for (const auto& [offset, value] : writes) bytes[offset] = static_cast<char>(value);
  bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
  const auto found = db_.Recover();
  const bool typed =
      found ? found->payloads.size() <= 3 : found.error().code() == ErrorCode::kCorruption;
  RC_ASSERT(typed);
}

TEST(Recovery, AFlightTornInAnyBlockIsCutWhole) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append("a"));
  ASSERT_TRUE(db.Append(Bytes(5 * kBlockSize, 'b')));
  const Bytes pristine = db.files.Seen(db.Path());
  for (std::uint64_t sector = 2 * kBlockSize; sector < 7 * kBlockSize; sector += 512) {
    Bytes& bytes = db.files.Seen(db.Path());
    bytes = pristine;
    bytes.replace(sector, 512, 512, '\0');
    EXPECT_EQ(db.Recover()->payloads, Payloads{"a"}) << sector;
  }
}

TEST(Recovery, ALostRunRecordIsNotSkipped) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  LogPosition ends[3];
  for (LogPosition& end : ends) end = *db.Append("run", false);
  Bytes& bytes = db.files.Seen(db.Path());
  const Bytes unsynced = bytes;
  const auto lose = [&](LogPosition begin, LogPosition end) {
    bytes.replace(begin.offset, end.offset - begin.offset, end.offset - begin.offset, '\0');
  };
  lose(ends[1], ends[2]);
  EXPECT_EQ(db.Recover()->payloads.size(), 2U);  // un-synced: cut
  bytes = unsynced;
  lose(ends[0], ends[1]);
  EXPECT_EQ(db.Recover()->payloads.size(), 1U);  // a prefix: the third goes too

  bytes = unsynced;
  ASSERT_TRUE(db.Append("flight"));
  lose(ends[1], ends[2]);
  const auto found = db.Recover();  // the flight was submitted when all before it was durable
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().offset(), ends[1].offset);
}

TEST(Recovery, ARegisteredEndVouchesForItsSegment) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  while (db.manifest.segments.size() < 2) ASSERT_TRUE(db.Append(Bytes(9000, 'x')));
  const Segment first = db.manifest.segments.front();
  db.files.Seen(db.Path()).replace(kSegmentHeaderSize, TestLog::kSize, "");
  db.files.Seen(db.Path()).resize(TestLog::kSize, '\0');
  ASSERT_TRUE(db.Recover());
  db.files.Seen(db.Path(first))[first.end - 1] ^= 1;
  const auto found = db.Recover();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().path(), db.Path(first));
}

TEST(Recovery, AForeignSegmentIsRefused) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  while (db.manifest.segments.size() < 2) ASSERT_TRUE(db.Append(Bytes(9000, 'x')));
  auto& segments = db.manifest.segments;
  std::swap(segments[0].file, segments[1].file);
  EXPECT_EQ(db.Recover().error().code(), ErrorCode::kCorruption);
  std::swap(segments[0].file, segments[1].file);
  segments[0].end -= kBlockSize;
  EXPECT_EQ(db.Recover().error().offset(), kSegmentPredecessorOffset);
  std::swap(segments[0], segments[1]);
  EXPECT_EQ(db.Recover().error().code(), ErrorCode::kCorruption);
}

// A later segment reaches beyond the position, so nothing else would notice; and the next open,
// which would make it the segment's end, could never succeed.
TEST(Recovery, ADurablePositionBeyondItsSegmentIsDamage) {
  for (const RecoveryMode mode : {RecoveryMode::kTornTail, RecoveryMode::kPointInTime}) {
    TestLog db;
    ASSERT_TRUE(db.Open());
    while (db.manifest.segments.size() < 2) ASSERT_TRUE(db.Append(Bytes(9000, 'x')));
    db.manifest.mode = mode;
    const Segment& first = db.manifest.segments[0];
    db.manifest.durable = {first.ordinal, first.end};
    ASSERT_TRUE(db.Recover());
    ++db.manifest.durable.offset;
    const auto found = db.Recover();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(found.error().path(), db.Path(first));
  }
}

// Found by fuzzing: such a position was taken, and became the end of its segment.
TEST(Recovery, ADurablePositionInsideASegmentsHeaderIsDamage) {
  for (const std::uint64_t offset : {std::uint64_t{0}, kSegmentHeaderSize - 1}) {
    TestLog db;
    ASSERT_TRUE(db.Open());
    while (db.manifest.segments.size() < 2) ASSERT_TRUE(db.Append(Bytes(9000, 'x')));
    const Segment& last = db.manifest.segments[1];
    db.manifest.durable = {last.ordinal, kSegmentHeaderSize};
    ASSERT_TRUE(db.Recover());
    db.manifest.durable.offset = offset;
    const auto found = db.Recover();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(found.error().path(), db.Path(last));
  }
}

TEST(Recovery, RecoveringAgainGivesTheSame) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(db.Append(Bytes(300, 'x'), i % 4 == 0));
  const auto first = db.Recover();
  // Crashes before its edit: a fresh file with the tail is left, and the registered ones as before.
  const Segment debris = db.NewSegment(first->recovery.durable, TestLog::kSize);
  ASSERT_TRUE(RelogTail(db.files, db.Path(debris), debris, OpenEpoch(2), first->recovery.tail));
  const auto second = db.Recover();
  EXPECT_EQ(second->recovery.end, first->recovery.end);
  EXPECT_EQ(second->payloads, first->payloads);
  db.files.contents.erase(db.Path(debris));
  // Behind its edit nothing is left to re-log, and all of it is durable.
  ASSERT_TRUE(db.Open());
  db.files.PowerLoss();
  const auto third = db.Recover();
  ASSERT_TRUE(third) << third.error().ToString();
  EXPECT_EQ(third->payloads, first->payloads);
  EXPECT_TRUE(third->recovery.tail.empty());
}

TEST(Recovery, AFailedRelogIsAnError) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(db.Append("x", false));
  const auto found = db.Recover();
  for (std::uint64_t write = 1; write <= 4; ++write) {
    const Segment fresh = db.NewSegment({}, TestLog::kSize);
    db.files.fail_write_after = write;
    const auto end = RelogTail(db.files, db.Path(fresh), fresh, OpenEpoch(2), found->recovery.tail);
    EXPECT_FALSE(end) << write;
    db.files.fail_write_after = 0;
  }
}

TEST(Recovery, ALargeTailGetsALargeEnoughSegment) {
  std::vector<Recovery::TailFlight> tail;
  for (std::uint64_t i = 0; i < 40; ++i) {
    tail.push_back({SequenceNumber(i), 1, Bytes(i * 999, 'x')});
  }
  TestLog db;
  const std::uint64_t size = TailSegmentSize(tail, kSegmentSizeMin);
  const Segment fresh = db.NewSegment({}, size);
  const auto end = RelogTail(db.files, db.Path(fresh), fresh, db.epoch, tail);
  ASSERT_TRUE(end) << end.error().ToString();
  EXPECT_LE(end->offset, size);
  db.manifest.segments = {fresh};
  EXPECT_EQ(db.Recover()->payloads.size(), tail.size());
}

TEST(Recovery, FlightsLargerThanAPieceOfTheReader) {
  TestLog db;
  db.segment_size = 8 * 1024 * 1024;
  ASSERT_TRUE(db.Open());
  Bytes large(3 * 1024 * 1024 + 17, 'x');
  for (std::size_t i = 0; i < large.size(); i += 100) large[i] = static_cast<char>(i / 100);
  ASSERT_TRUE(db.Append("a"));
  ASSERT_TRUE(db.Append(large));
  ASSERT_TRUE(db.Append(large, false));
  EXPECT_EQ(db.Recover()->payloads, (Payloads{"a", large, large}));
}

// Each block claims to begin an item that ends at the end of the segment.
TEST(Recovery, OverlappingClaimsAreReadInLinearTime) {
  constexpr std::uint64_t kBlocks = 4096;
  constexpr std::uint64_t kSize = kBlocks * kBlockSize;
  TestFiles files;
  Bytes bytes = EncodeSegmentBlock({.ordinal = SegmentOrdinal(1),
                                    .epoch = OpenEpoch(1),
                                    .file_size_bytes = kSize,
                                    .predecessor_end = {}});
  bytes.resize(kSize, 'x');
  ItemHeader header;
  header.epoch = OpenEpoch(1);
  for (std::uint64_t block = 1; block < kBlocks; ++block) {
    const std::uint64_t at = block * kBlockSize;
    header.begin = {SegmentOrdinal(1), at};
    header.previous_end = at;
    header.durable = {SegmentOrdinal(1), block};
    EncodeItem(header, {}, bytes.data() + at);
    const std::uint64_t claimed = kSize - at - kItemHeaderSize;
    StoreFixed(bytes.data() + at + kItemLengthOffset, static_cast<std::uint32_t>(claimed));
  }
  // But two are sound, one of one block and one of four.
  header.durable = {SegmentOrdinal(1), kBlockSize};
  header.begin.offset = header.previous_end = (kBlocks - 1) * kBlockSize;
  EncodeItem(header, {}, bytes.data() + header.begin.offset);
  const std::uint64_t first = (kBlocks - 8) * kBlockSize;
  header.begin.offset = header.previous_end = first;
  const Bytes payload(3 * kBlockSize, 'p');
  header.payload_length = static_cast<std::uint32_t>(payload.size());
  EncodeItem(header, payload, bytes.data() + first);
  files.contents["db/1"] = std::make_shared<TestFiles::Content>();
  files.Seen("db/1") = bytes;

  auto reader = SegmentReader::Open(files, "db/1");
  ASSERT_TRUE(reader);
  const auto scan = SegmentScan::Of(*reader, kSize);
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->durable(), header.durable);
  EXPECT_EQ(scan->FirstFrom(0), first);
  EXPECT_EQ(scan->BytesFrom(first + 1), kBlockSize);
  EXPECT_LT(files.bytes_read, 8 * kSize);
}

TEST_F(ThreeFlights, WhatNoManifestOfOursListsIsCorruption) {
  const Segment sound = db_.manifest.segments.at(0);
  const auto expect_refused = [&](const std::string& path) {
    const auto found = db_.Recover();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(found.error().path(), path);
  };
  const auto with = [&](const Segment& segment) {
    db_.manifest.segments = {segment};
    expect_refused(db_.Path(segment));
  };
  Segment segment = sound;
  segment.size_bytes = kSegmentSizeMax + 1;
  with(segment);
  segment = sound;
  segment.ordinal = SegmentOrdinal(0);
  with(segment);
  for (const std::uint64_t end : {kSegmentHeaderSize - 1, sound.size_bytes + 1}) {
    segment = sound;
    segment.end = end;
    with(segment);
  }
  segment = sound;
  segment.end = 4 * kBlockSize;
  db_.manifest.segments = {segment, segment};  // not in order
  expect_refused(db_.Path(segment));

  // A replay that begins between the listed, behind them, in a header, behind an end.
  Segment later = sound;
  later.ordinal = SegmentOrdinal(3);
  db_.manifest.segments = {segment, later};
  for (const LogPosition from :
       {LogPosition{SegmentOrdinal(2), kBlockSize}, LogPosition{SegmentOrdinal(4), kBlockSize},
        LogPosition{SegmentOrdinal(1), 0}, LogPosition{SegmentOrdinal(1), 5 * kBlockSize}}) {
    db_.manifest.replay_from = from;
    expect_refused("db");
  }
}

// As in a log that was left for a segment whose making failed.
TEST_F(ThreeFlights, ALogMayEndAtTheEndOfAListedSegment) {
  Segment& segment = db_.manifest.segments.at(0);
  segment.end = db_.log->end().offset;
  const auto found = db_.Recover();
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->payloads, (Payloads{"a", "b", "c"}));
  EXPECT_EQ(found->recovery.end, db_.log->end());
  EXPECT_EQ(found->recovery.durable, db_.log->end());
  EXPECT_TRUE(found->recovery.tail.empty());
  EXPECT_EQ(WithByteFlipped(3 * kBlockSize, 0).error().offset(), 3 * kBlockSize);
}

// The first segment of a log names none before it. Listed behind another it is taken as it is: its
// ordinal and epoch are the manifest's.
TEST(Recovery, ASegmentThatNamesNoneBeforeItIsTaken) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append("a"));
  db.manifest.segments[0].end = db.log->end().offset;
  db.manifest.segments.push_back(db.NewSegment({}, TestLog::kSize));
  const auto found = db.Recover();
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(found->payloads, Payloads{"a"});
  EXPECT_EQ(found->recovery.end, (LogPosition{SegmentOrdinal(2), kSegmentHeaderSize}));
}

// Two flights under way, and the lower one left nothing behind.
TEST(Recovery, AbsoluteRefusesWhatIsBeyondACleanEnd) {
  TestLog db;
  db.flights_max = 2;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append("a"));
  const std::uint64_t lost = BlockUp(db.log->end().offset);
  const auto lower = db.Submit("b");
  const auto upper = db.Submit("c");
  ASSERT_TRUE(lower->Await());
  ASSERT_TRUE(upper->Await());
  db.files.Seen(db.Path()).replace(lost, kBlockSize, kBlockSize, '\0');
  const auto found = db.Recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->payloads, Payloads{"a"});
  EXPECT_FALSE(found->recovery.torn);
  EXPECT_GT(found->recovery.bytes_beyond_end, 0U);
  db.manifest.mode = RecoveryMode::kAbsolute;
  const auto refused = db.Recover();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(refused.error().path(), db.Path());
  EXPECT_EQ(refused.error().offset(), found->recovery.end.offset);
}

TEST(Recovery, ALossCountsFlightsOfNoOperations) {
  TestLog db;
  ASSERT_TRUE(db.Open());
  ASSERT_TRUE(db.Append("damaged"));
  ASSERT_TRUE(db.Append("lost"));
  ASSERT_TRUE(db.log->Append({"", SequenceNumber(900), 0, true}));
  ASSERT_TRUE(db.log->Close());
  db.files.Seen(db.Path())[kSegmentHeaderSize + kItemHeaderSize] = '?';
  db.manifest.mode = RecoveryMode::kPointInTime;
  const auto found = db.Recover();
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_TRUE(found->payloads.empty());
  ASSERT_TRUE(found->recovery.loss.has_value());
  EXPECT_EQ(found->recovery.loss->flights, 2U);
  EXPECT_EQ(found->recovery.loss->operations, 1U);
  EXPECT_EQ(found->recovery.loss->last_sequence, SequenceNumber(2));
}

// Records that fill their chunks stand side by side: they are written together, but not all at
// once.
TEST(Recovery, ATailOfManyWholeChunksIsRelogged) {
  std::vector<Recovery::TailFlight> tail;
  for (std::uint64_t i = 0; i < 5; ++i) {
    Bytes payload(16 * kChunkSize - kItemHeaderSize, static_cast<char>('a' + i));
    tail.push_back({SequenceNumber(i + 1), 1, std::move(payload)});
  }
  // The first one takes the log to the start of a chunk.
  tail.insert(tail.begin(),
              {SequenceNumber(0), 0, Bytes(kChunkSize - kBlockSize - kItemHeaderSize, '-')});
  TestLog db;
  const Segment fresh = db.NewSegment({}, TailSegmentSize(tail, kSegmentSizeMin));
  const auto end = RelogTail(db.files, db.Path(fresh), fresh, db.epoch, tail);
  ASSERT_TRUE(end) << end.error().ToString();
  db.files.PowerLoss();
  db.manifest.segments = {fresh};
  const auto found = db.Recover();
  ASSERT_TRUE(found) << found.error().ToString();
  ASSERT_EQ(found->payloads.size(), tail.size());
  for (std::size_t i = 0; i < tail.size(); ++i) EXPECT_TRUE(found->payloads[i] == tail[i].payload);
}

TEST(Recovery, NoSegmentsIsAnEmptyLog) {
  TestLog db;
  const auto found = db.Recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->recovery.end, LogPosition{});
  db.manifest.durable = {SegmentOrdinal(1), kBlockSize};
  EXPECT_EQ(db.Recover().error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace beach::engine::wal
