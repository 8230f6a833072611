// SPDX-License-Identifier: Apache-2.0
#include "bench/soak/soak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <utility>

#include "bench/machine.h"
#include "bench/soak/report.h"

namespace beach::bench {
namespace {

using Entries = std::map<Bytes, Bytes, std::less<>>;

// What a MapDb does wrong, once after so many writes.
enum class Lie : std::uint8_t {
  kNone,
  kPutIsLost,
  kDeleteIsLost,
  kGetMisses,
  kOldValue,    // a put keeps the value that was there
  kOtherValue,  // a put keeps the value of another key
  kScanMisses,
  kScanGivesTwo,   // a key of no record
  kScanGivesMore,  // the same, behind all others
  kSlowPut,
  kFails,
};

class MapIterator final : public engine::Iterator {
 public:
  explicit MapIterator(Entries entries) : entries_(std::move(entries)), at_(entries_.end()) {}
  void SeekToFirst() override { at_ = entries_.begin(), Show(); }
  void SeekToLast() override { at_ = std::prev(entries_.end()), Show(); }
  void Seek(ByteView target) override { at_ = entries_.lower_bound(target), Show(); }
  void SeekForPrevious(ByteView) override {}
  void Next() override { ++at_, Show(); }
  void Previous() override { --at_, Show(); }
  ByteView value() const override { return at_->second; }
  Status status() const override { return {}; }

 private:
  void Show() { at_ == entries_.end() ? StandNowhere() : StandAt(at_->first); }

  Entries entries_;
  Entries::const_iterator at_;
};

class MapDb final : public engine::Db {
 public:
  MapDb(Lie lie, std::uint64_t after) : lie_(lie), after_(after) {}

  Status Put(const engine::WriteOptions&, ByteView key, ByteView value) override {
    const std::lock_guard lock(mutex_);
    ++writes_;
    if (Lies(Lie::kFails)) return Fail(ErrorCode::kIo, "the disk is gone");
    if (Lies(Lie::kSlowPut)) SleepNs(30'000'000);
    if (Lies(Lie::kPutIsLost)) return {};
    const auto before = entries_.find(key);
    if (before != entries_.end() && Lies(Lie::kOldValue)) return {};
    entries_[Bytes(key)] = Lies(Lie::kOtherValue) ? entries_.begin()->second : Bytes(value);
    return {};
  }
  Status Delete(const engine::WriteOptions&, ByteView key) override {
    const std::lock_guard lock(mutex_);
    ++writes_;
    const auto at = entries_.find(key);
    if (at != entries_.end() && !Lies(Lie::kDeleteIsLost)) entries_.erase(at);
    return {};
  }
  Status PutUntil(const engine::WriteOptions&, ByteView, ByteView, std::uint64_t) override {
    return {};
  }
  Status AdvanceTime(const engine::WriteOptions&, std::uint64_t) override { return {}; }
  Status DeleteRange(const engine::WriteOptions&, ByteView, ByteView) override { return {}; }
  Status Merge(const engine::WriteOptions&, ByteView, engine::MergeOperator, ByteView) override {
    return {};
  }
  Status Write(const engine::WriteOptions&, const engine::WriteBatch&) override { return {}; }
  Result<bool> WriteIf(const engine::WriteOptions&, const engine::WriteConditions&,
                       const engine::WriteBatch&) override {
    return true;
  }
  Result<bool> CompareAndSet(const engine::WriteOptions&, ByteView, const std::optional<ByteView>&,
                             const std::optional<ByteView>&) override {
    return true;
  }
  Status WriteAsync(const engine::WriteOptions&, engine::WriteBatch, WriteDone) override {
    return {};
  }
  Result<engine::SequenceNumber> Checkpoint(const std::string&) override { return {}; }
  Result<engine::BackupReport> Backup(const std::string&, const engine::BackupOptions&) override {
    return {};
  }
  Result<std::optional<Bytes>> Get(const engine::ReadOptions&, ByteView key) override {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(key);
    if (at == entries_.end() || Lies(Lie::kGetMisses)) return std::nullopt;
    return at->second;
  }
  Result<std::unique_ptr<engine::Iterator>> NewIterator(const engine::ReadOptions&) override {
    const std::lock_guard lock(mutex_);
    Entries entries = entries_;
    if (Lies(Lie::kScanMisses)) entries.erase(std::next(entries.begin(), 3), entries.end());
    if (Lies(Lie::kScanGivesTwo)) entries["0000000000000003"] = "two";
    if (Lies(Lie::kScanGivesMore)) entries["9999999999999999"] = "more";
    return std::make_unique<MapIterator>(std::move(entries));
  }
  std::vector<Result<std::optional<Bytes>>> MultiGet(const engine::ReadOptions&,
                                                     std::span<const ByteView> keys) override {
    std::vector<Result<std::optional<Bytes>>> found;
    for (const ByteView key : keys) found.push_back(Get({}, key));
    return found;
  }
  Result<std::unique_ptr<const engine::Snapshot>> GetSnapshot() override {
    return Fail(ErrorCode::kUnsupported, "a map has no snapshots");
  }
  engine::SequenceNumber VisibleSequence() override { return {}; }
  Status Flush() override { return {}; }
  Result<engine::NamedTable> CreateTable(ByteView) override { return {}; }
  Result<engine::NamedTable> OpenTable(ByteView) override { return {}; }
  Status DropTable(ByteView) override { return {}; }
  Result<std::unique_ptr<engine::LogCursor>> NewLogCursor(engine::SequenceNumber) override {
    return Fail(ErrorCode::kUnsupported, "a map has no log");
  }
  Result<std::unique_ptr<engine::PinnedFiles>> PinFiles() override {
    return Fail(ErrorCode::kUnsupported, "a map has no files");
  }
  Result<engine::TryGetResult> TryGet(const engine::ReadOptions& options, ByteView key) override {
    BEACH_TRY_ASSIGN(auto value, Get(options, key));
    return engine::TryGetResult{.value = std::move(value)};
  }
  Status Apply(const engine::WriteBatch&, engine::LogMark) override { return NoOther(); }
  Result<bool> TryApply(const engine::WriteBatch&, engine::LogMark) override { return NoOther(); }
  engine::LogMark DurableMark() override { return {}; }
  void WantFlush() override {}
  Status Health() override { return {}; }
  Status CheckFile(const engine::PinnedFile&) override { return NoOther(); }
  Status Install(const std::vector<engine::PinnedFile>&, engine::SequenceNumber, std::uint64_t,
                 engine::LogMark) override {
    return NoOther();
  }
  Result<std::vector<std::string>> ListTables() override { return {}; }
  Status CompactRange(const std::optional<Bytes>&, const std::optional<Bytes>&,
                      engine::NamedTable) override {
    return {};
  }
  engine::DbStats Stats() override { return {}; }
  Status Close() override { return {}; }

  std::uint64_t writes() {
    const std::lock_guard lock(mutex_);
    return writes_;
  }

 private:
  static std::unexpected<Error> NoOther() {
    return Fail(ErrorCode::kUnsupported, "a map has no log, nor anybody else's");
  }
  bool Lies(Lie lie) const { return lie == lie_ && writes_ > after_; }

  const Lie lie_;
  const std::uint64_t after_;
  std::mutex mutex_;
  Entries entries_;
  std::uint64_t writes_ = 0;
};

constexpr std::uint64_t kRecords = 60;

// Ends by a finding, or when it is asked to.
SoakPlan QuickPlan() {
  return {.records = kRecords,
          .clients = 2,
          .time_ns = 600'000'000'000,
          .memory_bytes = 1000,
          .disk_bytes_max = 1000,
          .stall_ns_max = 600'000'000'000,  // a busy machine is none
          .period_ns = 1'000'000};
}

// Asks for the end after so many writes; 0: never.
SoakMeters Meters(MapDb& db, std::uint64_t writes, std::uint64_t rss_bytes = 0,
                  std::uint64_t disk_bytes = 0) {
  return {.rss_bytes = [=] { return rss_bytes; },
          .disk_bytes = [=] { return disk_bytes; },
          .asked_to_end =
              [&db, writes](std::uint64_t duration_ns) {
                SleepNs(duration_ns);
                return writes != 0 && db.writes() > writes;
              }};
}

constexpr std::uint64_t kLiesAfter = 200;
constexpr std::uint64_t kManyWrites = 5000;

Result<SoakReport> RunSound(const SoakPlan& plan, std::uint64_t rss_bytes) {
  MapDb db(Lie::kNone, 0);
  return RunSoak(db, plan, Meters(db, kManyWrites, rss_bytes), [](const SoakSample&) {});
}

Result<SoakReport> RunLying(Lie lie) {
  MapDb db(lie, kLiesAfter);
  return RunSoak(db, QuickPlan(), Meters(db, 0), [](const SoakSample&) {});
}

TEST(RunSoak, FindsNothingInASoundDatabaseAndEndsWhenItIsAskedTo) {
  std::uint64_t samples = 0;
  bool filled = false;
  MapDb db(Lie::kNone, 0);
  const auto report =
      RunSoak(db, QuickPlan(), Meters(db, kManyWrites), [&](const SoakSample& sample) {
        ++samples;
        filled = sample.filled;
      });
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->findings.empty()) << report->findings.front();
  for (const std::uint64_t operations : report->operations) EXPECT_GT(operations, 10U);
  EXPECT_GT(report->live_records, kRecords / 2);
  EXPECT_LT(report->live_records, kRecords);
  EXPECT_TRUE(filled);
  EXPECT_GE(samples, 1U);
}

TEST(RunSoak, EndsWhenItsTimeIsOver) {
  SoakPlan plan = QuickPlan();
  plan.time_ns = 1;
  MapDb db(Lie::kNone, 0);
  const auto report = RunSoak(db, plan, Meters(db, 0), [](const SoakSample&) {});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->findings.empty());
}

// By a client while it runs and, where it is there to stay, by the last scan too.
TEST(RunSoak, FindsEveryWrongAnswer) {
  struct Case {
    Lie lie;
    const char* by_client;
    const char* by_last_scan;
  };
  for (const Case& one : {Case{Lie::kPutIsLost, "", "the last scan"},
                          Case{Lie::kDeleteIsLost, "found what was deleted", "the last scan"},
                          Case{Lie::kGetMisses, "a get found nothing", ""},
                          Case{Lie::kOldValue, "gave version", "the last scan"},
                          Case{Lie::kOtherValue, "gave another value", "the last scan"},
                          Case{Lie::kScanMisses, "a scan left out", "the last scan met its end"},
                          Case{Lie::kScanGivesTwo, "out of order", "the last scan met 0000"},
                          Case{Lie::kScanGivesMore, "out of order", "beyond its end"}}) {
    const auto report = RunLying(one.lie);
    ASSERT_TRUE(report);
    EXPECT_THAT(report->findings, testing::Contains(testing::HasSubstr(one.by_client)));
    if (*one.by_last_scan != 0) {
      EXPECT_THAT(report->findings.back(), testing::HasSubstr(one.by_last_scan));
    }
  }
}

// The clients are stopped long before all records are put, and until then they read nothing.
TEST(RunSoak, TheLastScanFindsWhatNoClientRead) {
  SoakPlan plan = QuickPlan();
  plan.records = 4'000'000;
  MapDb db(Lie::kPutIsLost, 0);
  const auto report = RunSoak(db, plan, Meters(db, 100), [](const SoakSample&) {});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->findings.size(), 1U);
  EXPECT_NE(report->findings.front().find("last scan"), std::string::npos);
}

TEST(RunSoak, FindsAStall) {
  SoakPlan plan = QuickPlan();
  plan.stall_ns_max = 25'000'000;
  MapDb db(Lie::kSlowPut, kLiesAfter);
  const auto report = RunSoak(db, plan, Meters(db, kLiesAfter + 10), [](const SoakSample&) {});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->findings.size(), 1U);
  EXPECT_NE(report->findings.front().find("took"), std::string::npos);
  EXPECT_GE(report->longest_ns, 30'000'000U);
}

TEST(RunSoak, FindsMemoryBeyondTheBudgetAndATenthOnceItIsJudged) {
  SoakPlan plan = QuickPlan();
  const std::uint64_t shadows = kRecords * 4;
  const auto early = RunSound(plan, 1'000'000);
  ASSERT_TRUE(early);
  EXPECT_TRUE(early->findings.empty());
  EXPECT_FALSE(early->rss_bytes_judged);
  plan.memory_judged_after_ns = 1;
  const auto within = RunSound(plan, 1100 + shadows);
  ASSERT_TRUE(within);
  EXPECT_TRUE(within->findings.empty());
  EXPECT_EQ(within->rss_bytes_judged, 1100U);
  const auto beyond = RunSound(plan, 1101 + shadows);
  ASSERT_TRUE(beyond);
  ASSERT_EQ(beyond->findings.size(), 1U);
  EXPECT_NE(beyond->findings.front().find("memory"), std::string::npos);
}

TEST(RunSoak, EndsWhereTheDiskIsTooFull) {
  MapDb db(Lie::kNone, 0);
  const auto report = RunSoak(db, QuickPlan(), Meters(db, 0, 0, 1001), [](const SoakSample&) {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kNoSpace);
}

TEST(RunSoak, AnErrorOfTheDatabaseIsReturned) {
  const auto report = RunLying(Lie::kFails);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kIo);
}

TEST(SoakReport, TextAndJsonTellFindings) {
  SoakReport report;
  report.wall_ns = 2'000'000'000;
  report.operations = {10, 20, 30, 40};
  EXPECT_NE(AsText(report).find("as it was put"), std::string::npos);
  report.findings = {"an operation took 1200 ms"};
  EXPECT_NE(AsText(report).find("FOUND: an operation took 1200 ms"), std::string::npos);
  EXPECT_EQ(AsText(report).find("as it was put"), std::string::npos);
  const std::string json = AsJson(report);
  for (const char* words : {"\"scan\": 40", "\"ops_per_s\": 50.0", "\"rss_bytes_judged\": null",
                            "\"an operation took 1200 ms\""}) {
    EXPECT_NE(json.find(words), std::string::npos) << words << json;
  }
}

}  // namespace
}  // namespace beach::bench
