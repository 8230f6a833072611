// SPDX-License-Identifier: Apache-2.0
// The modes of recovery, and the repair that uses one of them.
#include "engine/repair.h"

#include <gtest/gtest.h>

#include "engine/testing/db_fixture.h"
#include "engine/verify.h"
#include "engine/wal/format.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kFlight = wal::kBlockSize;  // a small synced write
constexpr std::uint64_t kSegmentSize = 64 * kKiB;

class RepairTest : public DbTest {
 protected:
  env::Env Environment() override {
    return {.files = &files_, .clock = &stopped_, .events = &events_};
  }
  static Options With(RecoveryMode mode) {
    Options options = SmallOptions();
    options.memtable_size = kMiB;  // all stays in the log
    options.wal_segment_size = kSegmentSize;
    options.recovery_mode = mode;
    return options;
  }
  static Bytes Key(int i) { return "key" + std::to_string(100 + i); }

  // A closed database of `count` synced writes, a flight each.
  void Fill(int count) {
    auto db = Open(With(RecoveryMode::kTornTail));
    for (int i = 0; i < count; ++i) ASSERT_TRUE(db->Put(sync_, Key(i), "v" + std::to_string(i)));
    ASSERT_TRUE(db->Close());
  }
  std::string SegmentPath(std::size_t index) {
    return "db/" + NamesOf(FileKind::kSegment).at(index);
  }
  void Flip(const std::string& path, std::uint64_t offset) {
    Bytes content = files_.Content(path);
    content[offset] = static_cast<char>(content[offset] ^ 1);
    files_.SetContent(path, content);
  }
  // In the `index`th write's payload; the first segment holds the first ones.
  void FlipWrite(int index) {
    Flip(SegmentPath(0),
         wal::kSegmentHeaderSize + static_cast<std::uint64_t>(index) * kFlight + 70);
  }
  Model FirstWrites(int count) {
    Model model;
    for (int i = 0; i < count; ++i) model[Key(i)] = "v" + std::to_string(i);
    return model;
  }
  StoppedClock stopped_;

  RepairReport Repair(bool dry_run) {
    auto report = RepairDatabase(Environment(), "db", dry_run);
    EXPECT_TRUE(report) << report.error().ToString();
    return report ? *report : RepairReport{};
  }
};

TEST_F(RepairTest, ASoundDatabaseIsLeftAsItIs) {
  Fill(5);
  const Model before = FilesNow();
  const RepairReport report = Repair(false);
  EXPECT_TRUE(report.damage.empty());
  EXPECT_FALSE(report.log_damage);
  EXPECT_FALSE(report.repaired);
  EXPECT_EQ(report.operations_kept, 5U);
  EXPECT_EQ(report.last_kept, SequenceNumber(5));
  EXPECT_EQ(report.operations_lost, 0U);
  EXPECT_TRUE(FilesNow() == before);
}

TEST_F(RepairTest, ADryRunTellsTheLossAndChangesNothing) {
  Fill(8);
  FlipWrite(3);
  EXPECT_EQ(OpenError(With(RecoveryMode::kTornTail)), ErrorCode::kCorruption);
  const Model before = FilesNow();
  const RepairReport report = Repair(true);
  EXPECT_TRUE(FilesNow() == before);
  ASSERT_TRUE(report.log_damage);
  EXPECT_EQ(report.log_damage->path(), SegmentPath(0));
  EXPECT_EQ(report.log_damage->offset(), wal::kSegmentHeaderSize + 3 * kFlight);
  EXPECT_EQ(report.end.offset, wal::kSegmentHeaderSize + 3 * kFlight);
  EXPECT_EQ(report.durable.offset, wal::kSegmentHeaderSize + 8 * kFlight);
  EXPECT_EQ(report.operations_kept, 3U);
  EXPECT_EQ(report.last_kept, SequenceNumber(3));
  EXPECT_EQ(report.flights_lost, 4U);
  EXPECT_EQ(report.operations_lost, 4U);
  EXPECT_EQ(report.keys_lost, 4U);
  EXPECT_EQ(report.first_lost, SequenceNumber(5));
  EXPECT_EQ(report.last_lost, SequenceNumber(8));
  EXPECT_EQ(report.operations_unreadable, 1U);
  EXPECT_FALSE(report.repaired);
}

// We write none, but a reader takes it.
TEST_F(RepairTest, AFlightOfNoOperationsIsLostLikeOthers) {
  Fill(4);
  ChangeItem(SegmentPath(0), wal::kSegmentHeaderSize + 2 * kFlight,
             [](wal::ItemHeader& header, Bytes& payload) {
               header.count = 0;
               payload.clear();
             });
  EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());
  FlipWrite(1);
  const RepairReport report = Repair(/*dry_run=*/true);
  EXPECT_EQ(report.flights_lost, 2U);
  EXPECT_EQ(report.operations_lost, 1U);
  EXPECT_EQ(report.keys_lost, 1U);
  EXPECT_EQ(report.first_lost, SequenceNumber(4));
  EXPECT_EQ(report.last_lost, SequenceNumber(4));
  EXPECT_EQ(report.operations_unreadable, 2U);
}

TEST_F(RepairTest, ATimeThatIsLostIsAnOperationOfNoKey) {
  auto db = Open(With(RecoveryMode::kTornTail));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(db->Put(sync_, Key(i), "v"));
  ASSERT_TRUE(db->AdvanceTime(sync_, 7));
  ASSERT_TRUE(db->Put(sync_, Key(3), "v"));
  ASSERT_TRUE(db->Close());
  FlipWrite(1);
  const RepairReport report = Repair(/*dry_run=*/true);
  EXPECT_EQ(report.operations_lost, 2U);
  EXPECT_EQ(report.keys_lost, 1U);
  EXPECT_EQ(report.first_lost, SequenceNumber(3));
}

TEST_F(RepairTest, ARepairEndsTheLogAtTheDamageForGood) {
  Fill(8);
  FlipWrite(3);
  EXPECT_TRUE(Repair(false).repaired);
  EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());
  EXPECT_FALSE(Repair(false).log_damage);
  auto db = Open(With(RecoveryMode::kTornTail));
  ASSERT_TRUE(db);
  EXPECT_EQ(Scan(*db), FirstWrites(3));
  // Numbers that were given are not given again.
  EXPECT_GE(db->VisibleSequence(), SequenceNumber(8));
  ASSERT_TRUE(db->Put(sync_, Key(3), "again"));
  db.reset();
  db = Open(With(RecoveryMode::kTornTail));
  EXPECT_EQ(*db->Get({}, Key(3)), Bytes("again"));
  EXPECT_EQ(*db->Get({}, Key(4)), std::nullopt);
}

TEST_F(RepairTest, EveryPlaceOfDamageLeavesWhatIsBeforeIt) {
  Fill(40);  // several segments
  const Model sound = FilesNow();
  const std::vector<std::string> segments = NamesOf(FileKind::kSegment);
  ASSERT_GT(segments.size(), 2U);
  for (const std::string& name : segments) {
    for (const std::uint64_t at :
         {std::uint64_t{20}, wal::kSegmentHeaderSize + 20, wal::kSegmentHeaderSize + 5 * kFlight}) {
      RestoreFiles(sound);
      Flip("db/" + name, at);
      const bool opens = TryOpen(With(RecoveryMode::kTornTail)).has_value();
      RestoreFiles(sound);
      Flip("db/" + name, at);
      const RepairReport report = Repair(false);
      EXPECT_TRUE(report.damage.empty());
      EXPECT_EQ(report.repaired, !opens) << name << " " << at;
      auto db = Open(With(RecoveryMode::kTornTail));
      ASSERT_TRUE(db) << name << " " << at;
      const Model kept = Scan(*db);
      EXPECT_EQ(kept, FirstWrites(static_cast<int>(kept.size()))) << name << " " << at;
      EXPECT_EQ(kept.size(), report.operations_kept);
    }
  }
}

TEST_F(RepairTest, AMissingSegmentEndsTheLogBeforeIt) {
  Fill(40);
  const std::string gone = SegmentPath(1);
  ASSERT_TRUE(files_.Remove(gone));
  EXPECT_EQ(OpenError(With(RecoveryMode::kTornTail)), ErrorCode::kCorruption);
  const RepairReport report = Repair(false);
  ASSERT_TRUE(report.log_damage);
  EXPECT_EQ(report.log_damage->path(), gone);
  EXPECT_TRUE(report.repaired);
  EXPECT_GT(report.operations_kept, 5U);
  EXPECT_GT(report.operations_unreadable, 5U);
  auto db = Open(With(RecoveryMode::kTornTail));
  ASSERT_TRUE(db);
  EXPECT_EQ(Scan(*db), FirstWrites(static_cast<int>(report.operations_kept)));
}

TEST_F(RepairTest, ACrashInTheMiddleOfARepairMayBeRepairedAgain) {
  Fill(8);
  FlipWrite(3);
  const Model damaged = FilesNow();
  bool finished = false;
  for (int calls = 0; !finished; ++calls) {
    ASSERT_LT(calls, 500);
    RestoreFiles(damaged);
    int left = calls;
    files_.set_hook([&left](const FileEvent&) -> Status {
      if (left-- > 0) return {};
      return Fail(ErrorCode::kIo, "crash");
    });
    const auto crashed = RepairDatabase(Environment(), "db", false);
    files_.set_hook({});
    finished = crashed && crashed->repaired;
    const RepairReport report = Repair(false);
    EXPECT_TRUE(report.damage.empty()) << calls;
    auto db = Open(With(RecoveryMode::kTornTail));
    ASSERT_TRUE(db) << calls;
    EXPECT_EQ(Scan(*db), FirstWrites(3)) << calls;
  }
}

TEST_F(RepairTest, DamageOfTablesAndManifestIsBeyondRepair) {
  {
    auto db = Open(With(RecoveryMode::kTornTail));
    ASSERT_TRUE(db->Put(sync_, "a", "1"));
    ASSERT_TRUE(db->Flush());
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(db->Put(sync_, Key(i), "v"));
  }
  const std::string table = "db/" + NamesOf(FileKind::kTable).at(0);
  Flip(table, 3);
  FlipWrite(4);
  const Model before = FilesNow();
  const RepairReport report = Repair(false);
  ASSERT_EQ(report.damage.size(), 1U);
  EXPECT_EQ(report.damage.front().path(), table);
  EXPECT_TRUE(report.log_damage);
  EXPECT_FALSE(report.repaired);
  EXPECT_TRUE(FilesNow() == before);
}

TEST_F(RepairTest, PointInTimeOpensAndSaysWhatItGaveUp) {
  Fill(8);
  FlipWrite(3);
  auto db = Open(With(RecoveryMode::kPointInTime));
  ASSERT_TRUE(db);
  EXPECT_EQ(Scan(*db), FirstWrites(3));
  const auto lost = events_.Named("open.log_lost");
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].numbers.at("operations"), 4U);
  EXPECT_EQ(lost[0].numbers.at("last_sequence"), 8U);
  db.reset();
  ASSERT_TRUE(Open(With(RecoveryMode::kPointInTime)));
  EXPECT_EQ(events_.Named("open.log_lost").size(), 1U);  // nothing more
}

TEST_F(RepairTest, PointInTimeTakesAHealthyLogLikeTheDefault) {
  auto db = Open(With(RecoveryMode::kTornTail));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(db->Put(i == 3 ? lazy_ : sync_, Key(i), "v"));
  const Model crashed = FilesNow();
  db.reset();
  for (const RecoveryMode mode : {RecoveryMode::kTornTail, RecoveryMode::kPointInTime}) {
    RestoreFiles(crashed);
    db = Open(With(mode));
    ASSERT_TRUE(db);
    EXPECT_EQ(Scan(*db).size(), 5U);
    EXPECT_TRUE(events_.Named("open.log_lost").empty());
    db.reset();
  }
}

TEST_F(RepairTest, AReadErrorIsNoDamageInAnyMode) {
  Fill(5);
  SetHook(FileCall::kRead, ".wal", ErrorCode::kIo);
  EXPECT_EQ(OpenError(With(RecoveryMode::kPointInTime)), ErrorCode::kIo);
  const RepairReport report = Repair(false);
  files_.set_hook({});
  EXPECT_FALSE(report.damage.empty());
  EXPECT_FALSE(report.repaired);
}

// Found behind damage, which is told, before a read of the log fails: half a report is none.
TEST_F(RepairTest, AReadErrorLeavesNoNumbersInTheReport) {
  Fill(40);  // several segments
  FlipWrite(1);
  const Result<RepairReport> whole = RepairDatabase(Environment(), "db", /*dry_run=*/true);
  ASSERT_TRUE(whole.has_value());
  ASSERT_GT(whole->operations_lost, 0U);
  std::uint64_t reads = 0;
  files_.set_hook([&](const FileEvent& event) -> Status {
    if (event.call == FileCall::kRead) ++reads;
    return {};
  });
  static_cast<void>(Repair(true));
  const std::uint64_t all = reads;
  std::uint64_t halves = 0;
  for (std::uint64_t failing = 1; failing <= all; ++failing) {
    reads = 0;
    files_.set_hook([&](const FileEvent& event) -> Status {
      if (event.call != FileCall::kRead || ++reads != failing) return {};
      return Fail(Error(ErrorCode::kIo, "injected").At(event.path));
    });
    const Result<RepairReport> report = RepairDatabase(Environment(), "db", /*dry_run=*/true);
    if (!report || report->damage.empty()) continue;
    ++halves;
    const bool none = report->operations_lost == 0 && report->last_lost == SequenceNumber{};
    const bool equal =
        report->operations_lost == whole->operations_lost && report->last_kept == whole->last_kept;
    EXPECT_TRUE(none || equal) << "read " << failing << " of " << all;
  }
  files_.set_hook({});
  EXPECT_GT(halves, 0U);
}

TEST_F(RepairTest, AbsoluteRefusesATornEndAndTakesACleanOne) {
  Fill(5);
  const Model clean = FilesNow();
  EXPECT_TRUE(Open(With(RecoveryMode::kAbsolute)));
  RestoreFiles(clean);
  const std::string path = SegmentPath(0);
  Bytes content = files_.Content(path);
  const std::uint64_t end = wal::kSegmentHeaderSize + 6 * kFlight;  // behind the vouch
  content.replace(end, 100, Bytes(100, 'x'));
  files_.SetContent(path, content);
  const Model torn = FilesNow();
  const auto refused = TryOpen(With(RecoveryMode::kAbsolute));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(refused.error().path(), path);
  EXPECT_EQ(refused.error().offset(), end);
  EXPECT_TRUE(FilesNow() == torn);
  auto db = Open(With(RecoveryMode::kTornTail));
  ASSERT_TRUE(db);
  EXPECT_EQ(Scan(*db), FirstWrites(5));
}

}  // namespace
}  // namespace beach::engine
