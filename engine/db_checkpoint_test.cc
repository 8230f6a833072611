// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class CheckpointTest : public DbTest {
 protected:
  Result<std::unique_ptr<Db>> OpenCopy(const std::string& directory, bool create = false) {
    Options options = SmallOptions();
    options.create_if_missing = create;
    return Db::Open(Environment(), directory, options);
  }
  // Some tables, some of it in the log alone.
  std::unique_ptr<Db> OpenWithData() {
    auto db = Open();
    for (int i = 0; i < 30; ++i) {
      EXPECT_TRUE(
          db->Put(lazy_, "k" + std::to_string(i), Bytes(300, static_cast<char>('a' + i % 26))));
    }
    EXPECT_TRUE(db->Delete(sync_, "k7"));
    return db;
  }
};

TEST_F(CheckpointTest, HoldsAllThatWasAcknowledgedAndGoesItsOwnWay) {
  const auto db = OpenWithData();
  const Model before = Scan(*db);
  const auto last = db->Checkpoint("copy");
  ASSERT_TRUE(last) << last.error().ToString();
  EXPECT_EQ(*last, db->VisibleSequence());
  ASSERT_TRUE(db->Put(sync_, "later", "source"));

  const auto copy = OpenCopy("copy");
  ASSERT_TRUE(copy) << copy.error().ToString();
  EXPECT_EQ((*copy)->VisibleSequence(), *last);
  EXPECT_EQ(Scan(**copy), before);
  // Both write, flush and compact; numbers and files of the one are nothing to the other.
  ASSERT_TRUE((*copy)->Put(sync_, "later", "copy"));
  for (Db* const one : {db.get(), copy->get()}) {
    ASSERT_TRUE(one->Flush());
    ASSERT_TRUE(one->CompactRange(std::nullopt, std::nullopt));
  }
  EXPECT_EQ(**db->Get({}, "later"), "source");
  EXPECT_EQ(**(*copy)->Get({}, "later"), "copy");
  const auto ours = ReadIdentity(files_, "db");
  const auto theirs = ReadIdentity(files_, "copy");
  ASSERT_TRUE(ours && theirs);
  EXPECT_NE(*ours, *theirs);
}

// Tables say who wrote them, through a copy of a copy and reopening.
TEST_F(CheckpointTest, ACopyOfACopyReadsTablesOfThreeDatabases) {
  const auto db = OpenWithData();
  ASSERT_TRUE(db->Checkpoint("one"));
  Model expected = Scan(*db);
  {
    const auto one = OpenCopy("one");
    ASSERT_TRUE(one);
    ASSERT_TRUE((*one)->Put(sync_, "one", "1"));
    ASSERT_TRUE((*one)->Checkpoint("two"));
    expected["one"] = "1";
  }
  for (int i = 0; i < 2; ++i) {
    const auto two = OpenCopy("two");
    ASSERT_TRUE(two) << two.error().ToString();
    EXPECT_EQ(Scan(**two), expected);
  }
  const auto report = VerifyDatabase(files_, "two");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damage.empty());
  EXPECT_TRUE(report->debris.empty());
}

TEST_F(CheckpointTest, AnEmptyDatabaseHasAnEmptyCheckpoint) {
  const auto db = Open();
  ASSERT_TRUE(db->Checkpoint("copy"));
  const auto copy = OpenCopy("copy");
  ASSERT_TRUE(copy);
  EXPECT_TRUE(Scan(**copy).empty());
}

TEST_F(CheckpointTest, RefusesADirectoryThatIsNotFree) {
  const auto db = OpenWithData();
  ASSERT_TRUE(files_.CreateDirectory("other"));
  files_.SetContent("other/notes", "mine");
  EXPECT_EQ(db->Checkpoint("other").error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(*files_.List("other"), std::vector<std::string>{"notes"});
  EXPECT_EQ(db->Checkpoint("db").error().code(), ErrorCode::kAlreadyExists);
  ASSERT_TRUE(db->Checkpoint("copy"));
  EXPECT_EQ(db->Checkpoint("copy").error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(db->Checkpoint("no/copy").error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(files_.CreateDirectory("empty"));
  EXPECT_TRUE(db->Checkpoint("empty"));
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(db->Checkpoint("late").error().code(), ErrorCode::kClosed);
}

TEST_F(CheckpointTest, AHeldLockIsBusy) {
  const auto db = OpenWithData();
  ASSERT_TRUE(files_.CreateDirectory("copy"));
  const auto lock = files_.Lock("copy/LOCK");
  ASSERT_TRUE(lock);
  EXPECT_EQ(db->Checkpoint("copy").error().code(), ErrorCode::kBusy);
}

// Any call that fails: what is left is refused, whatever the open would make, or whole; and the
// next attempt finds no hindrance.
TEST_F(CheckpointTest, AnyFailureLeavesNothingOrTheWhole) {
  const auto db = OpenWithData();
  ASSERT_TRUE(db->Flush());
  const Model expected = Scan(*db);
  bool done = false;
  int failures = 0;
  for (int at = 0; !done; ++at) {
    ASSERT_LT(at, 200);
    const std::string name = "copy" + std::to_string(at);
    int calls = 0;
    FailChange(name, at, calls, ErrorCode::kIo);
    const auto made = db->Checkpoint(name);
    files_.set_hook({});
    if (made) done = calls <= at;
    failures += made ? 0 : 1;
    const bool exists = *files_.Exists(name);
    if (made) {
      const auto copy = OpenCopy(name);
      ASSERT_TRUE(copy) << at << " " << copy.error().ToString();
      EXPECT_EQ(Scan(**copy), expected);
      continue;
    }
    EXPECT_EQ(made.error().code(), ErrorCode::kIo);
    if (exists && *files_.Exists(name + "/CURRENT")) {
      const auto copy = OpenCopy(name);
      ASSERT_TRUE(copy) << at << " " << copy.error().ToString();
      EXPECT_EQ(Scan(**copy), expected);
      continue;
    }
    if (exists && *files_.Exists(name + "/PARTIAL")) {
      EXPECT_EQ(OpenCopy(name, true).error().code(), ErrorCode::kRefused);
    }
    const auto again = db->Checkpoint(name);
    ASSERT_TRUE(again) << at << " " << again.error().ToString();
  }
  EXPECT_GT(failures, 10);
}

TEST_F(CheckpointTest, CompactionLeavesTheNamesUntilTheyAreLinked) {
  const auto db = OpenWithData();
  const Model expected = Scan(*db);
  // While the first table is linked, all of them are merged away.
  std::unique_ptr<env::Thread> compaction;
  bool began = false;
  files_.set_hook([&](const FileEvent& event) -> Status {
    if (event.call == FileCall::kLink && !began) {
      began = true;
      compaction = std::make_unique<env::Thread>(
          "compact", [&] { EXPECT_TRUE(db->CompactRange(std::nullopt, std::nullopt)); });
    }
    return {};
  });
  ASSERT_TRUE(db->Checkpoint("copy"));
  ASSERT_NE(compaction, nullptr);
  compaction->Join();
  files_.set_hook({});
  const auto copy = OpenCopy("copy");
  ASSERT_TRUE(copy) << copy.error().ToString();
  EXPECT_EQ(Scan(**copy), expected);
  ASSERT_TRUE(db->Close());
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->debris.empty()) << report->debris.front();
}

}  // namespace
}  // namespace beach::engine
