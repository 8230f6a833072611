// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/verify.h"

#include <algorithm>

#include "engine/wal/format.h"
#include "env/small_file.h"
#include "raft/disk/disk_log_fixture.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"

namespace beach::raft {
namespace {

using engine::wal::kBlockSize;
using env::conformance::FailsWith;

class VerifyRaftLogTest : public DiskLogTest {
 protected:
  // What the log had under way holds the lock until it has ended.
  void Close() {
    log_.reset();
    ASSERT_TRUE(loop_.RunUntil(
        [this] { return world_.files().Lock(Directory() + "/" + kLogLockFileName).has_value(); }));
  }
  RaftLogReport Verify() {
    auto report = VerifyRaftLog(world_.files(), Directory());
    EXPECT_TRUE(report) << report.error().ToString();
    return report ? *std::move(report) : RaftLogReport();
  }
  // "REGISTER:4096 000001.wal:8192": what is damaged, in the order of the report.
  std::string Damage(const RaftLogReport& report) {
    std::string text;
    for (const Error& error : report.damage) {
      const std::string name = error.path().substr(Directory().size() + 1);
      text += (text.empty() ? "" : " ") + name + ":" + std::to_string(error.offset());
    }
    return text;
  }
  // Of all files, behind their names.
  std::vector<Bytes> Content() {
    const std::vector<std::string> names = world_.files().List(Directory()).value();
    std::vector<Bytes> content;
    for (const std::string& name : names) {
      const std::string path = Directory() + "/" + name;
      content.push_back(name + env::ReadSmallFile(world_.files(), path, 2 * kSegmentSize).value());
    }
    return content;
  }
};

TEST_F(VerifyRaftLogTest, ASoundLogIsToldAndLeftAsItIs) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 80, 2, 3'000));
  ASSERT_TRUE(Replace(3, 2, true));
  Close();
  const std::vector<Bytes> before = Content();
  const RaftLogReport report = Verify();
  EXPECT_EQ(Damage(report), "");
  EXPECT_EQ(report.cluster, ClusterId(1));
  EXPECT_EQ(report.node, NodeId(3));
  EXPECT_EQ(report.starts, 1U);
  EXPECT_EQ(report.base, LogIndex(3));
  EXPECT_EQ(report.last, LogIndex(80));
  EXPECT_GT(report.segments, 1U);
  EXPECT_GT(report.flights, 0U);
  EXPECT_EQ(report.lost + report.filled, 0U);
  EXPECT_FALSE(report.log_torn);
  EXPECT_EQ(Content(), before);
}

TEST_F(VerifyRaftLogTest, ATornTailIsNoDamage) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  Close();
  FlipByte(SegmentFiles().front(), 6 * kBlockSize + 70);  // the vouch, which nothing vouches for
  const RaftLogReport report = Verify();
  EXPECT_EQ(Damage(report), "");
  EXPECT_TRUE(report.log_torn);
  EXPECT_EQ(report.last, LogIndex(3));
}

TEST_F(VerifyRaftLogTest, EveryDamagedFlightIsFound) {
  OpenAndStart();
  for (std::uint64_t i = 1; i <= 9; ++i) ASSERT_TRUE(WriteEntries(i, i, 1));
  Close();
  const std::string name = SegmentFiles().front();
  // Entry i has a flight of its own, in block i + 2.
  FlipByte(name, 3 * kBlockSize + 70);
  FlipByte(name, 6 * kBlockSize + 70);
  const std::vector<Bytes> before = Content();
  const RaftLogReport report = Verify();
  EXPECT_EQ(Damage(report), name + ":12288 " + name + ":24576");
  EXPECT_TRUE(report.is_known);
  EXPECT_EQ(report.last, LogIndex(9));
  EXPECT_EQ(report.lost, 2U);
  EXPECT_EQ(Content(), before);
}

TEST_F(VerifyRaftLogTest, DamagedAndMissingSegmentsAreFound) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 80, 2, 3'000));
  Close();
  const std::vector<std::string> names = SegmentFiles();
  ASSERT_GT(names.size(), 3U);
  FlipByte(names[0], 20);
  FlipByte(names[2], 20);
  RaftLogReport report = Verify();
  EXPECT_EQ(Damage(report), names[0] + ":0 " + names[2] + ":0");
  EXPECT_EQ(report.lost, 0U);
  EXPECT_EQ(report.last, LogIndex(80));
  ASSERT_OK(world_.files().Remove(Directory() + "/" + names[0]));
  report = Verify();
  EXPECT_EQ(Damage(report),
            names[0] + ":" + std::to_string(Error::kNoOffset) + " " + names[2] + ":0");
  EXPECT_GT(report.lost, 0U);
}

TEST_F(VerifyRaftLogTest, TheEndOfASegmentIsMissedAlsoBehindOtherDamage) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 80, 2, 3'000));
  Close();
  const std::vector<engine::wal::Segment> segments =
      ReadRegister(world_.files(), Directory()).value().content.segments;
  ASSERT_GT(segments.size(), 2U);
  const std::string first = engine::wal::SegmentFileName(segments[0].file);
  const std::string second = engine::wal::SegmentFileName(segments[1].file);
  FlipByte(first, 20);
  FlipByte(second, segments[1].end - 1);
  const RaftLogReport report = Verify();
  ASSERT_EQ(report.damage.size(), 2U) << Damage(report);
  EXPECT_EQ(report.damage[0].path(), Directory() + "/" + first);
  EXPECT_EQ(report.damage[1].path(), Directory() + "/" + second);
  EXPECT_LT(report.damage[1].offset(), segments[1].end);
}

// Their checksums are right: whoever wrote them was wrong.
TEST_F(VerifyRaftLogTest, RecordsThatDoNotFollowOrAreNoneAreFound) {
  const auto head = [](std::uint64_t last) {
    LogHead said{.hard_state = {}, .base = {}, .last = LogIndex(last), .before = {}, .runs = {}};
    if (last > 0) said.runs.push_back({.first = LogIndex(1), .term = Term(1)});
    return HeadPayload(said);
  };
  const std::vector<engine::wal::Recovery::TailFlight> flights = {
      {.first_sequence = {}, .count = 1, .payload = head(0)},
      {.first_sequence = {}, .count = 1, .payload = head(4)},
      {.first_sequence = {}, .count = 1, .payload = head(4)},
      {.first_sequence = {}, .count = 1, .payload = head(4) + "?"}};
  Register content;
  content.starts = 1;
  content.salt = engine::LogSalt(99);
  content.next_file = engine::FileNumber(2);
  content.next_ordinal = engine::SegmentOrdinal(2);
  content.segments.push_back({.ordinal = engine::SegmentOrdinal(1),
                              .file = engine::FileNumber(1),
                              .size_bytes = kSegmentSize});
  const engine::wal::Segment& segment = content.segments.front();
  const std::string name = engine::wal::SegmentFileName(segment.file);
  const std::string path = Directory() + "/" + name;
  ASSERT_OK(world_.files().CreateDirectory(Directory()));
  ASSERT_OK(engine::wal::CreateSegment(world_.files(), path, kSegmentSize,
                                       {.ordinal = segment.ordinal,
                                        .epoch = content.epoch(),
                                        .predecessor_end = {},
                                        .salt = content.salt}));
  const auto end = engine::wal::RelogTail(world_.files(), path, segment, content.epoch(), flights,
                                          engine::wal::TailLayout::kSpread, content.salt);
  ASSERT_OK(end);
  content.durable = *end;
  ASSERT_OK(WriteRegister(world_.files(), Directory(), content));
  EXPECT_EQ(Damage(Verify()), name + ":8192 " + name + ":16384");
  EXPECT_TRUE(Verify().is_known);
  // Nothing sound says what the log was at its end.
  content.durable = {segment.ordinal, engine::wal::kSegmentHeaderSize};
  ASSERT_OK(WriteRegister(world_.files(), Directory(), content));
  FlipByte(name, 4 * kBlockSize + 65);
  // Damage begins where the item before it ends.
  const std::uint64_t gap = 3 * kBlockSize + engine::wal::kItemHeaderSize + head(4).size();
  EXPECT_EQ(Damage(Verify()), name + ":8192 " + name + ":" + std::to_string(gap));
  EXPECT_FALSE(Verify().is_known);
}

TEST_F(VerifyRaftLogTest, EitherCopyOfTheRegisterIsLookedAt) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  Close();
  FlipByte(kRegisterFileName, kBlockSize + 40);
  EXPECT_EQ(Damage(Verify()), "REGISTER:4096");
  EXPECT_EQ(Verify().last, LogIndex(3));
  FlipByte(kRegisterFileName, 40);
  const std::string path = Directory() + "/" + kRegisterFileName;
  const auto verify = [this] { return VerifyRaftLog(world_.files(), Directory()); };
  EXPECT_TRUE(FailsWith(verify(), ErrorCode::kCorruption, path));
  ASSERT_OK(world_.files().Remove(path));
  EXPECT_TRUE(FailsWith(verify(), ErrorCode::kNotFound, path));
  for (const std::string& name : SegmentFiles()) {
    ASSERT_OK(world_.files().Remove(Directory() + "/" + name));
  }
  EXPECT_TRUE(FailsWith(verify(), ErrorCode::kNotFound, Directory()));
}

TEST_F(VerifyRaftLogTest, PlaceholdersOfLostEntriesAreCounted) {
  OpenAndStart();
  Persist lost = Entries(1, 6, 2);
  for (std::size_t i = 1; i < 6; ++i) {
    lost.entries[i].kind = EntryKind::kLost;
    lost.entries[i].payload = {};
  }
  ASSERT_TRUE(Write(std::move(lost)));
  for (const std::uint64_t index : {3U, 2U}) {
    Persist fill;
    fill.fills.push_back(EntryOf(index, 2, 100));
    ASSERT_TRUE(Write(std::move(fill)));
  }
  Persist cut;
  cut.truncate_from = LogIndex(5);
  cut.entries.push_back(EntryOf(5, 3, 100));
  ASSERT_TRUE(Write(std::move(cut)));
  Close();
  const RaftLogReport report = Verify();
  EXPECT_EQ(Damage(report), "");
  EXPECT_EQ(report.last, LogIndex(5));
  EXPECT_EQ(report.lost, 1U);
  EXPECT_EQ(report.filled, 2U);
}

TEST_F(VerifyRaftLogTest, ALogInUseIsBusyAndWhatIsNotListedIsDebris) {
  Open();
  EXPECT_TRUE(FailsWith(VerifyRaftLog(world_.files(), Directory()), ErrorCode::kBusy,
                        Directory() + "/" + kLogLockFileName));
  Close();
  const std::string name = engine::wal::SegmentFileName(engine::FileNumber(99));
  ASSERT_OK(world_.files().Open(Directory() + "/" + name, {.mode = env::OpenMode::kCreate}));
  const std::vector<std::string> debris = Verify().debris;
  EXPECT_NE(std::ranges::find(debris, name), debris.end());
}

}  // namespace
}  // namespace beach::raft
