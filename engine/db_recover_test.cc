// SPDX-License-Identifier: Apache-2.0
// Recovery of what no release of ours writes, and of what is rare: flights that contradict the
// rest, manifests whose numbers are odd and whose checksums are right, sequence numbers that run
// out.
#include <gtest/gtest.h>

#include "engine/directory.h"
#include "engine/group_payload.h"
#include "engine/manifest/manifest.h"
#include "engine/recover.h"
#include "engine/sst/table.h"
#include "engine/testing/db_fixture.h"
#include "engine/wal/format.h"

namespace beach::engine {
namespace {

class ReplayFlightTest : public ::testing::Test {
 protected:
  static Bytes GroupOf(std::uint32_t count) {
    WriteBatch batch;
    for (std::uint32_t i = 0; i < count; ++i) batch.Put(std::to_string(i), "v");
    Bytes payload;
    AppendBatchToGroup(payload, batch.encoding());
    return payload;
  }
  Status Replay(std::uint64_t first, std::uint32_t count, ByteView payload) {
    const wal::Flight flight{.begin = begin_,
                             .end = {begin_.segment, begin_.offset + wal::kBlockSize},
                             .first_sequence = SequenceNumber(first),
                             .count = count,
                             .payload = payload};
    return ReplayFlight("db", segments_, flight, last_, memtable_);
  }
  void ExpectDamage(const Status& replayed, const std::string& path) {
    ASSERT_FALSE(replayed);
    EXPECT_EQ(replayed.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(replayed.error().path(), path);
    EXPECT_EQ(replayed.error().offset(), begin_.offset);
  }

  const std::vector<wal::Segment> segments_ = {
      {.ordinal = SegmentOrdinal(3), .file = FileNumber(12), .size_bytes = 65536},
      {.ordinal = SegmentOrdinal(4), .file = FileNumber(13), .size_bytes = 65536}};
  LogPosition begin_{SegmentOrdinal(4), 2 * wal::kBlockSize};
  SequenceNumber last_{5};
  LoggedMemtable own_{Options()};
  LoggedMemtable* memtable_ = &own_;
};

TEST_F(ReplayFlightTest, PutsEachOperationUnderItsNumber) {
  ASSERT_TRUE(Replay(7, 2, GroupOf(2)));
  EXPECT_EQ(last_, SequenceNumber(8));
  EXPECT_EQ(own_.memtable.Get("0", kMaxSequence)->sequence, SequenceNumber(7));
  EXPECT_EQ(own_.memtable.Get("1", kMaxSequence)->sequence, SequenceNumber(8));
  memtable_ = nullptr;  // the same checks, and nothing kept
  ASSERT_TRUE(Replay(9, 1, GroupOf(1)));
  EXPECT_EQ(last_, SequenceNumber(9));
  EXPECT_EQ(own_.count(), 2U);
  ExpectDamage(Replay(9, 1, GroupOf(1)), "db/000013.wal");
}

TEST_F(ReplayFlightTest, AFlightOfNoOperationsTakesNoNumber) {
  ASSERT_TRUE(Replay(6, 0, GroupOf(0)));
  ASSERT_TRUE(Replay(2, 0, GroupOf(0)));
  EXPECT_EQ(last_, SequenceNumber(5));
  EXPECT_EQ(own_.count(), 0U);
}

TEST_F(ReplayFlightTest, WhatContradictsTheRestIsDamageWithItsPlace) {
  const std::uint64_t most = kRecordedSequenceMax.value;
  ExpectDamage(Replay(5, 1, GroupOf(1)), "db/000013.wal");  // given already
  ExpectDamage(Replay(4, 3, GroupOf(3)), "db/000013.wal");
  ExpectDamage(Replay(most + 1, 1, GroupOf(1)), "db/000013.wal");  // never given
  ExpectDamage(Replay(~std::uint64_t{0}, 1, GroupOf(1)), "db/000013.wal");
  ExpectDamage(Replay(most, 2, GroupOf(2)), "db/000013.wal");
  EXPECT_EQ(own_.count(), 0U);
  ExpectDamage(Replay(6, 1, "no group"), "db/000013.wal");
  ExpectDamage(Replay(20, 1, GroupOf(2)), "db/000013.wal");
  ExpectDamage(Replay(30, 3, GroupOf(2)), "db/000013.wal");
  begin_.segment = SegmentOrdinal(9);
  ExpectDamage(Replay(5, 1, GroupOf(1)), "db");  // of no listed segment
  EXPECT_EQ(last_, SequenceNumber(5));
}

class RecoverTest : public DbTest {
 protected:
  static Options LogOnly() {
    Options options = SmallOptions();
    options.memtable_size = kMiB;
    return options;
  }
  // Keys "100" to "100 + count - 1", in a log of several segments.
  void Fill(Db& db, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(db.Put(sync_, std::to_string(100 + i), Bytes(3000, 'v')));
    }
  }
  // A manifest with a right checksum and, beside `change`, what the present one says.
  template <class Change>
  void Rewrite(const Change& change) {
    auto manifest = ReadDatabase(files_, "db");
    ASSERT_TRUE(manifest) << manifest.error().ToString();
    ManifestState state = manifest->state;
    state.next_file =
        std::max(state.next_file, InspectDirectory(files_, "db")->highest_number.Next());
    change(state);
    const auto written = Manifest::Start(files_, "db", state, kMiB);
    ASSERT_TRUE(written) << written.error().ToString();
  }
  std::vector<wal::Segment> Listed() { return ReadDatabase(files_, "db")->state.segments; }
  // What a process crash leaves of `db`.
  void Crash(std::unique_ptr<Db> db) {
    const Model files = FilesNow();
    db.reset();
    RestoreFiles(files);
  }
};

TEST_F(RecoverTest, SequenceNumbersRunOutWithoutHarm) {
  Open();
  Rewrite([](ManifestState& state) {
    state.last_sequence = SequenceNumber(kRecordedSequenceMax.value - 2);
  });
  auto db = Open();
  ASSERT_TRUE(db);
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  WriteBatch two;
  two.Put("b", "2");
  two.Put("c", "3");
  EXPECT_EQ(db->Write(sync_, two).error().code(), ErrorCode::kInvalidArgument);  // one is left
  ASSERT_TRUE(db->Put(sync_, "b", "2"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(db->Put(sync_, "c", "3").error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(db->Delete(sync_, "a").error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(db->Write(sync_, WriteBatch()));  // takes no number
  EXPECT_EQ(db->VisibleSequence(), kRecordedSequenceMax);
  const Model all = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(Scan(*db), all);
  Crash(std::move(db));
  for (int life = 0; life < 2; ++life) {
    db = Open();
    ASSERT_TRUE(db);
    EXPECT_EQ(Scan(*db), all);
    EXPECT_EQ(db->Put(sync_, "c", "3").error().code(), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(db->Flush());
    ASSERT_TRUE(db->Close());
  }
}

TEST_F(RecoverTest, AnEmptyBatchLeavesNoTrace) {
  auto db = Open();
  ASSERT_TRUE(db->Write(sync_, WriteBatch()));
  ASSERT_TRUE(db->Put(lazy_, "a", "1"));
  ASSERT_TRUE(db->Write(sync_, WriteBatch()));
  Crash(std::move(db));
  EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());
  db = Open();
  EXPECT_EQ(Scan(*db), (Model{{"a", "1"}}));
  ASSERT_TRUE(db->Put(sync_, "b", "2"));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(2));
}

// We write none, but a reader takes it; here as the log's first.
TEST_F(RecoverTest, AFlightOfNoOperationsIsPassedOver) {
  auto db = Open();
  for (const char* key : {"a", "b"}) ASSERT_TRUE(db->Put(sync_, key, "1"));
  Crash(std::move(db));
  const std::string path = "db/" + NamesOf(FileKind::kSegment).at(0);
  Bytes content = files_.Content(path);
  const auto block = wal::DecodeSegmentBlock(content);
  ASSERT_TRUE(block);
  wal::ItemHeader header;
  const std::uint64_t at = wal::kSegmentHeaderSize;
  ASSERT_TRUE(wal::DecodeItemHeader(ByteView(content).substr(at),
                                    {block->ordinal, block->epoch, at, content.size()}, header));
  header.count = 0;
  header.payload_length = 0;
  wal::EncodeItem(header, {}, content.data() + at);
  files_.SetContent(path, content);
  db = Open();
  ASSERT_TRUE(db);
  EXPECT_EQ(Scan(*db), (Model{{"b", "1"}}));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(2));
}

// What tables hold is not replayed, also when its segment is still listed.
TEST_F(RecoverTest, ASegmentBelowTheReplayIsLetGo) {
  auto db = Open(LogOnly());
  Fill(*db, 20);
  Crash(std::move(db));
  const std::vector<wal::Segment> before = Listed();
  ASSERT_GE(before.size(), 2U);
  ASSERT_NE(before[0].end, wal::Segment::kOpenEnd);
  Rewrite([&](ManifestState& state) {
    state.replay_from = {before[1].ordinal, wal::kSegmentHeaderSize};
  });
  db = Open(LogOnly());
  ASSERT_TRUE(db);
  const Model model = Scan(*db);
  EXPECT_GT(model.size(), 0U);
  EXPECT_LT(model.size(), 20U);
  EXPECT_TRUE(model.contains("119"));
  for (const wal::Segment& segment : Listed()) EXPECT_GT(segment.ordinal, before[0].ordinal);
  Crash(std::move(db));
  EXPECT_EQ(Scan(*Open(LogOnly())), model);
}

// Below what is listed and above it, but of no segment: an open that failed took its number.
TEST_F(RecoverTest, ALogThatIsDurableBetweenItsSegmentsIsRecovered) {
  auto db = Open(LogOnly());
  Fill(*db, 20);
  const Model all = Scan(*db);
  ASSERT_TRUE(db->Close());
  db.reset();
  db = Open(LogOnly());
  Crash(std::move(db));
  const std::vector<wal::Segment> before = Listed();
  std::size_t gap = 1;
  while (gap < before.size() && before[gap].ordinal == before[gap - 1].ordinal.Next()) ++gap;
  ASSERT_LT(gap, before.size());
  Rewrite([&](ManifestState& state) {
    state.durable = {before[gap - 1].ordinal.Next(), wal::kSegmentHeaderSize};
  });
  for (int life = 0; life < 3; ++life) {
    db = Open(LogOnly());
    ASSERT_TRUE(db);
    EXPECT_EQ(Scan(*db), all);
    Crash(std::move(db));
  }
}

}  // namespace
}  // namespace beach::engine
