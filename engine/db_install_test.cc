// SPDX-License-Identifier: Apache-2.0
// The content of a database, replaced by that of another that the same log was applied to.
#include <memory>
#include <string>
#include <vector>

#include "engine/db.h"
#include "engine/testing/applied_log.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

using testing::AppliedLog;

// What one replica sends to another.
struct Copy {
  std::vector<PinnedFile> files;
  SequenceNumber sequence;
  std::uint64_t time = 0;
  LogMark mark;
};

class DbInstallTest : public DbTest {
 protected:
  static Options ExternalOptions() {
    Options options = SmallOptions();
    options.external_log = true;
    options.memtable_size = 2 * kKiB;
    return options;
  }
  std::unique_ptr<Db> OpenAt(const std::string& directory,
                             const Options& options = ExternalOptions()) {
    auto db = Db::Open(Environment(), directory, options);
    EXPECT_TRUE(db) << db.error().ToString();
    return db ? *std::move(db) : nullptr;
  }
  static Status ApplyFrom(Db& db, const AppliedLog& log, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i <= last; ++i) {
      BEACH_TRY(db.Apply(log.BatchAt(i), AppliedLog::MarkAt(i)));
    }
    return {};
  }
  static AppliedLog::Moment MomentOf(Db& db) {
    return {.content = Scan(db), .sequence = db.VisibleSequence(), .time = db.Stats().time};
  }
  // Of all that is applied, under names that are nobody's.
  Copy CopyOf(Db& db) {
    const auto pin = db.PinFiles();
    EXPECT_TRUE(pin);
    Copy copy{.files = (*pin)->files(),
              .sequence = (*pin)->sequence(),
              .time = (*pin)->time(),
              .mark = (*pin)->mark()};
    for (PinnedFile& file : copy.files) {
      const std::string path = "inbox/" + std::to_string(++copies_);
      files_.SetContent(path, files_.Content(file.path));
      file.path = path;
    }
    return copy;
  }
  static Status Install(Db& db, const Copy& copy) {
    return db.Install(copy.files, copy.sequence, copy.time, copy.mark);
  }
  // Of another replica that has applied so much.
  Copy CopyAt(const AppliedLog& log, std::uint64_t index, bool compacted = false) {
    const std::string directory = "other" + std::to_string(++copies_);
    const auto other = OpenAt(directory);
    EXPECT_TRUE(ApplyFrom(*other, log, 1, index));
    if (compacted) {
      EXPECT_TRUE(other->CompactRange(std::nullopt, std::nullopt));
    }
    return CopyOf(*other);
  }

  int copies_ = 0;
};

TEST_F(DbInstallTest, IsWhatTheOtherWasAndGoesOnFromThere) {
  const AppliedLog log(1);
  for (const bool compacted : {false, true}) {
    const std::string directory = compacted ? "db2" : "db1";
    const Copy copy = CopyAt(log, 80, compacted);
    auto db = OpenAt(directory);
    ASSERT_TRUE(ApplyFrom(*db, log, 1, 30));
    const Status installed = Install(*db, copy);
    ASSERT_TRUE(installed) << installed.error().ToString();
    EXPECT_EQ(db->DurableMark(), AppliedLog::MarkAt(80));
    EXPECT_EQ(MomentOf(*db), log.At(80));
    ASSERT_TRUE(ApplyFrom(*db, log, 81, 120));
    EXPECT_EQ(MomentOf(*db), log.At(120));
    ASSERT_TRUE(db->CompactRange(std::nullopt, std::nullopt));
    EXPECT_EQ(MomentOf(*db), log.At(120));
    ASSERT_TRUE(db->Close());
    db.reset();
    const auto report = VerifyDatabase(files_, directory);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->damage.empty());
    EXPECT_TRUE(report->debris.empty());
    db = OpenAt(directory);
    EXPECT_EQ(db->DurableMark().index, 120U);
    EXPECT_EQ(MomentOf(*db), log.At(120));
  }
}

TEST_F(DbInstallTest, AFileIsCheckedWholeBeforeItIsTaken) {
  const AppliedLog log(2);
  const Copy copy = CopyAt(log, 50, /*compacted=*/true);
  const auto db = OpenAt("db");
  ASSERT_FALSE(copy.files.empty());
  PinnedFile file = copy.files[0];
  const Status sound = db->CheckFile(file);
  EXPECT_TRUE(sound) << sound.error().ToString();
  const Bytes content = files_.Content(file.path);
  for (std::size_t at = 0; at < content.size(); at += 37) {
    Bytes damaged = content;
    damaged[at] ^= 0x20;
    files_.SetContent(file.path, damaged);
    EXPECT_FALSE(db->CheckFile(file)) << at;
  }
  files_.SetContent(file.path, content.substr(1));
  EXPECT_EQ(db->CheckFile(file).error().code(), ErrorCode::kCorruption);
  files_.SetContent(file.path, content);
  EXPECT_TRUE(db->CheckFile(file));
  file.sequence_max = SequenceNumber(file.sequence_max.value + 1);
  EXPECT_EQ(db->CheckFile(file).error().code(), ErrorCode::kCorruption);
  file = copy.files[0];
  file.number = FileNumber(file.number.value + 1);
  EXPECT_EQ(db->CheckFile(file).error().code(), ErrorCode::kCorruption);
  file.path = "inbox/none";
  EXPECT_EQ(db->CheckFile(file).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(db->Health());  // none of it is the database's
}

TEST_F(DbInstallTest, IsDurableWhenItReturns) {
  const AppliedLog log(2);
  const Copy copy = CopyAt(log, 50);
  auto db = OpenAt("db");
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 20));
  ASSERT_TRUE(Install(*db, copy));
  const Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  for (const PinnedFile& file : copy.files) ASSERT_TRUE(files_.Remove(file.path));
  db = OpenAt("db");
  EXPECT_EQ(db->DurableMark(), AppliedLog::MarkAt(50));
  EXPECT_EQ(MomentOf(*db), log.At(50));
}

// The tables of a database that has some of another's go on to a third, and back.
TEST_F(DbInstallTest, GoesFromHandToHand) {
  const AppliedLog log(3);
  auto first = OpenAt("first");
  auto second = OpenAt("second");
  ASSERT_TRUE(ApplyFrom(*first, log, 1, 40));
  ASSERT_TRUE(ApplyFrom(*second, log, 1, 25));
  ASSERT_TRUE(Install(*second, CopyOf(*first)));
  ASSERT_TRUE(ApplyFrom(*second, log, 41, 60));
  ASSERT_TRUE(ApplyFrom(*first, log, 41, 50));
  ASSERT_TRUE(Install(*first, CopyOf(*second)));  // with tables that it wrote itself
  EXPECT_EQ(MomentOf(*first), log.At(60));
  ASSERT_TRUE(first->Checkpoint("third"));
  auto third = OpenAt("third");
  EXPECT_EQ(MomentOf(*third), log.At(60));
  ASSERT_TRUE(ApplyFrom(*third, log, 61, 70));
  const Copy copy = CopyOf(*third);
  ASSERT_TRUE(Install(*second, copy));
  EXPECT_EQ(MomentOf(*second), log.At(70));
  ASSERT_TRUE(second->Close());
  const auto report = VerifyDatabase(files_, "second");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damage.empty());
}

TEST_F(DbInstallTest, OfNothingIsEmpty) {
  auto db = OpenAt("db");
  WriteBatch batch;
  batch.Put("a", "1");
  ASSERT_TRUE(db->Apply(batch, {.index = 1, .state = {}}));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Install({}, SequenceNumber(9), 70, {.index = 5, .state = "five"}));
  EXPECT_TRUE(Scan(*db).empty());
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(9));
  EXPECT_EQ(db->Stats().time, 70U);
  EXPECT_TRUE(NamesOf(FileKind::kTable).empty());
  db.reset();
  db = OpenAt("db");
  EXPECT_EQ(db->DurableMark(), (LogMark{.index = 5, .state = "five"}));
  EXPECT_EQ(db->VisibleSequence(), SequenceNumber(9));
  EXPECT_EQ(db->Stats().time, 70U);
}

TEST_F(DbInstallTest, ReadersStayInWhatTheyBeganIn) {
  const AppliedLog log(4);
  const Copy copy = CopyAt(log, 90, /*compacted=*/true);
  const Copy later = CopyAt(log, 120, /*compacted=*/true);
  Options options = ExternalOptions();
  options.open_tables_max = 1;
  options.block_cache_size = 0;
  auto db = OpenAt("db", options);
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 40));
  auto early = *db->GetSnapshot();
  ASSERT_TRUE(ApplyFrom(*db, log, 41, 60));
  const auto pin = db->PinFiles();
  ASSERT_TRUE(pin);
  std::vector<Bytes> pinned;
  for (const PinnedFile& file : (*pin)->files()) pinned.push_back(files_.Content(file.path));
  auto walk = *db->NewIterator({});
  auto late = *db->GetSnapshot();
  ASSERT_TRUE(Install(*db, copy));
  auto between = *db->GetSnapshot();
  ASSERT_TRUE(Install(*db, later));
  EXPECT_EQ(Scan(*db, {.snapshot = early.get()}), log.At(40).content);
  EXPECT_EQ(Scan(*db, {.snapshot = late.get()}), log.At(60).content);
  EXPECT_EQ(Scan(*db, {.snapshot = between.get()}), log.At(90).content);
  EXPECT_EQ(Scan(*db), log.At(120).content);
  Model walked;
  for (walk->SeekToFirst(); walk->Valid(); walk->Next()) walked[Bytes(walk->key())] = walk->value();
  EXPECT_EQ(walked, log.At(60).content);
  for (const auto& [key, value] : log.At(60).content) {
    EXPECT_EQ(*db->Get({.snapshot = late.get()}, key), value);
  }
  for (std::size_t i = 0; i < pinned.size(); ++i) {
    EXPECT_EQ(files_.Content((*pin)->files()[i].path), pinned[i]);
  }
  // What nobody needs any more goes with the next flush, what somebody does stays.
  early.reset();
  between.reset();
  ASSERT_TRUE(ApplyFrom(*db, log, 121, 130));
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(Scan(*db, {.snapshot = late.get()}), log.At(60).content);
}

TEST_F(DbInstallTest, RefusesWhatIsNotAheadAndChangesNothing) {
  const AppliedLog log(5);
  const Copy copy = CopyAt(log, 50);
  auto db = OpenAt("db");
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 50));
  const auto names = Names();
  const auto expect_refused = [&](const Copy& bad) {
    EXPECT_EQ(Install(*db, bad).error().code(), ErrorCode::kInvalidArgument);
  };
  expect_refused(copy);  // as far as what is here
  Copy bad = copy;
  bad.mark.index = 51;
  --bad.sequence.value;
  expect_refused(bad);
  bad = copy;
  bad.mark.index = 51;
  ++bad.time;  // at the same number there is one time
  expect_refused(bad);
  bad = copy;
  bad.mark = {.index = 51, .state = Bytes(kLogMarkStateMax + 1, 's')};
  expect_refused(bad);
  bad = copy;
  bad.mark.index = 51;
  bad.files[0].level = kLevelCount;
  expect_refused(bad);
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(MomentOf(*db), log.At(50));
  EXPECT_GE(Names().size(), names.size());
  EXPECT_EQ(NamesOf(FileKind::kTable).size(), db->Stats().levels[0].tables);
  bad = copy;
  bad.mark.index = 51;  // of the same moment, and so of the same content
  ASSERT_TRUE(Install(*db, bad));
  EXPECT_EQ(MomentOf(*db), log.At(50));
  db.reset();
  RestoreFiles({});
  db = Open();  // with a log of its own
  EXPECT_EQ(Install(*db, copy).error().code(), ErrorCode::kUnsupported);
}

TEST_F(DbInstallTest, RefusesFilesThatAreNotWhatIsSaid) {
  const AppliedLog log(6);
  const Copy copy = CopyAt(log, 60);
  ASSERT_GT(copy.files.size(), 2U);
  auto db = OpenAt("db");
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 20));
  ASSERT_TRUE(db->Flush());
  const std::size_t tables = NamesOf(FileKind::kTable).size();
  const auto expect = [&](ErrorCode code, const Copy& bad) {
    EXPECT_EQ(Install(*db, bad).error().code(), code);
    EXPECT_EQ(MomentOf(*db), log.At(20));
    EXPECT_EQ(NamesOf(FileKind::kTable).size(), tables);
  };
  const auto with = [&copy](const std::function<void(PinnedFile&)>& change) {
    Copy bad = copy;
    change(bad.files[1]);
    return bad;
  };
  expect(ErrorCode::kCorruption, with([](PinnedFile& file) { ++file.size_bytes; }));
  expect(ErrorCode::kCorruption, with([](PinnedFile& file) { ++file.written_by.low; }));
  expect(ErrorCode::kCorruption, with([](PinnedFile& file) { ++file.number.value; }));
  expect(ErrorCode::kCorruption, with([](PinnedFile& file) { file.smallest.push_back('x'); }));
  expect(ErrorCode::kCorruption, with([](PinnedFile& file) { file.largest.clear(); }));
  expect(ErrorCode::kCorruption, with([](PinnedFile& file) { --file.sequence_max.value; }));
  expect(ErrorCode::kNotFound, with([](PinnedFile& file) { file.path += "x"; }));
  expect(ErrorCode::kCorruption, with([&](PinnedFile& file) {
           Bytes content = files_.Content(file.path);
           content[content.size() - 20] = static_cast<char>(content[content.size() - 20] ^ 1);
           file.path = "inbox/damaged";
           files_.SetContent(file.path, content);
         }));
  Copy twice = copy;
  twice.files.push_back(twice.files[0]);  // of level 0, with the same numbers
  expect(ErrorCode::kCorruption, twice);
  ASSERT_TRUE(ApplyFrom(*db, log, 21, 30));  // the handle is none the worse for it
  ASSERT_TRUE(Install(*db, copy));
  EXPECT_EQ(MomentOf(*db), log.At(60));
}

TEST_F(DbInstallTest, AFailedEditPoisonsAndTheNextOpenHasTheOneOrTheOther) {
  const AppliedLog log(7);
  const Copy copy = CopyAt(log, 60);
  auto db = OpenAt("db");
  ASSERT_TRUE(ApplyFrom(*db, log, 1, 20));
  ASSERT_TRUE(db->Flush());
  SetHook(FileCall::kSync, "MANIFEST", ErrorCode::kNoSpace);
  EXPECT_EQ(Install(*db, copy).error().code(), ErrorCode::kIo);
  files_.set_hook({});
  EXPECT_EQ(MomentOf(*db), log.At(20));
  EXPECT_EQ(db->Apply({}, AppliedLog::MarkAt(21)).error().code(), ErrorCode::kIo);
  db.reset();
  db = OpenAt("db");
  const std::uint64_t index = db->DurableMark().index;
  EXPECT_TRUE(index == 20 || index == 60) << index;
  EXPECT_EQ(MomentOf(*db), log.At(index));
}

// Each call on files from some point on fails, as after a crash there; then the files are what the
// next open finds.
TEST_F(DbInstallTest, ACrashAtAnyCallLeavesTheOldOrTheNew) {
  const AppliedLog log(8);
  const Copy copy = CopyAt(log, 70);
  bool finished = false;
  int old = 0;
  int both = 0;
  for (int crash_at = 0; !finished; ++crash_at) {
    ASSERT_LT(crash_at, 5000);
    if (*files_.Exists("db")) RestoreFiles({});
    {
      auto db = OpenAt("db");
      ASSERT_TRUE(ApplyFrom(*db, log, 1, 30));
      ASSERT_TRUE(db->Flush());
      ASSERT_TRUE(ApplyFrom(*db, log, 31, 33));
      std::atomic<int> left = crash_at;
      files_.set_hook([&left](const FileEvent&) -> Status {
        if (left.fetch_sub(1) > 0) return {};
        return Fail(ErrorCode::kIo, "crash");
      });
      finished = Install(*db, copy).has_value() && left > 0;
      const Model files = FilesNow();
      files_.set_hook({});
      db.reset();
      RestoreFiles(files);
    }
    auto db = OpenAt("db");
    ASSERT_TRUE(db) << crash_at;
    const std::uint64_t index = db->DurableMark().index;
    ASSERT_TRUE(index == 30 || index == 70) << index;
    (index == 30 ? old : both) += 1;
    ASSERT_EQ(MomentOf(*db), log.At(index)) << crash_at;
    ASSERT_TRUE(ApplyFrom(*db, log, index + 1, 90));
    ASSERT_EQ(MomentOf(*db), log.At(90)) << crash_at;
    ASSERT_TRUE(db->Close());
    const auto report = VerifyDatabase(files_, "db");
    ASSERT_TRUE(report && report->damage.empty() && report->debris.empty()) << crash_at;
  }
  EXPECT_GT(old, 10);
  EXPECT_GT(both, 0);
}

// Compaction and flushes are under way when it comes.
RC_GTEST_FIXTURE_PROP(DbInstallTest, EqualsItsLogWhateverRunsBesideIt, ()) {
  const AppliedLog log(*rc::gen::arbitrary<std::uint64_t>());
  Options options = ExternalOptions();
  options.memtable_size = kKiB;
  options.compaction_style = CompactionStyle::kLeveled;
  options.level0_compact_count = 2;
  options.table_size = 2 * kKiB;
  options.level_size_base = 4 * kKiB;
  const std::string place = std::to_string(++copies_);
  auto ahead = OpenAt("ahead" + place, options);
  auto behind = OpenAt("behind" + place, options);
  std::uint64_t ahead_index = 0;
  std::uint64_t behind_index = 0;
  for (int round = *rc::gen::inRange(1, 5); round > 0; --round) {
    const std::uint64_t more = ahead_index + *rc::gen::inRange<std::uint64_t>(1, 150);
    RC_ASSERT(ApplyFrom(*ahead, log, ahead_index + 1, more).has_value());
    ahead_index = more;
    const std::uint64_t some = *rc::gen::inRange(behind_index, ahead_index);
    RC_ASSERT(ApplyFrom(*behind, log, behind_index + 1, some).has_value());
    behind_index = some;
    env::Thread compactor;
    Status compacted;
    const bool manual = *rc::gen::arbitrary<bool>();
    if (manual) {
      compactor = env::Thread(
          "manual", [&] { compacted = behind->CompactRange(std::nullopt, std::nullopt); });
    }
    const auto snapshot = behind->GetSnapshot();
    const Status installed = Install(*behind, CopyOf(*ahead));
    if (manual) compactor.Join();
    RC_ASSERT(installed.has_value());
    RC_ASSERT(compacted.has_value());
    RC_ASSERT(Scan(*behind, {.snapshot = snapshot->get()}) == log.At(behind_index).content);
    behind_index = ahead_index;
    RC_ASSERT(behind->DurableMark() == AppliedLog::MarkAt(ahead_index));
    RC_ASSERT(MomentOf(*behind) == log.At(ahead_index));
  }
  RC_ASSERT(ApplyFrom(*behind, log, behind_index + 1, behind_index + 50).has_value());
  RC_ASSERT(behind->Flush().has_value());
  behind.reset();
  const auto report = VerifyDatabase(files_, "behind" + place);
  RC_ASSERT(report && report->damage.empty() && report->debris.empty());
  behind = OpenAt("behind" + place, options);
  RC_ASSERT(MomentOf(*behind) == log.At(behind_index + 50));
}

}  // namespace
}  // namespace beach::engine
