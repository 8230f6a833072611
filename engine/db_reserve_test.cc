// SPDX-License-Identifier: Apache-2.0
// Rule 19: deletes go on where there is no space for other writes.
#include "engine/db.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class ReserveTest : public DbTest {
 protected:
  static Options LogOnly() {
    Options options = SmallOptions();
    options.memtable_size = kMiB;
    return options;
  }
  // How many puts it took.
  int FillUntilRefused(Db& db) {
    for (int written = 0;; ++written) {
      const Status status = db.Put(sync_, Key(written), Bytes(1000, 'v'));
      if (status) continue;
      EXPECT_EQ(status.error().code(), ErrorCode::kNoSpace);
      return written;
    }
  }
  static Bytes Key(int number) { return std::to_string(1000 + number); }
  std::size_t CountOf(const char* event) { return events_.Named(event).size(); }
};

TEST_F(ReserveTest, DeletesGoOnUntilTheReserveIsFullToo) {
  auto db = Open(LogOnly());
  EXPECT_EQ(CountOf("reserve.ready"), 1U);
  TakeSpaceForSegments();
  const int written = FillUntilRefused(*db);
  ASSERT_GT(written, 3);
  int deleted = 0;
  Status status;
  while (status) {
    EXPECT_EQ(db->Put(sync_, "other", "x").error().code(), ErrorCode::kNoSpace);
    WriteBatch mixed;
    mixed.Delete(Key(deleted));
    mixed.Put("other", "x");
    EXPECT_EQ(db->Write(sync_, mixed).error().code(), ErrorCode::kNoSpace);
    status = db->Delete(sync_, Key(deleted));
    if (status) ++deleted;
    ASSERT_LT(deleted, 100);
  }
  EXPECT_EQ(status.error().code(), ErrorCode::kNoSpace);
  // A block each, in what is left of a segment of 16 blocks: its header and the room to vouch.
  // As many blocks as a segment has, of which what vouches for each delete may take one.
  EXPECT_GE(deleted, 7);
  EXPECT_EQ(CountOf("reserve.entered"), 1U);
  EXPECT_TRUE(db->Write(sync_, WriteBatch()));
  EXPECT_EQ(CountOf("db.poisoned"), 0U);

  files_.set_hook({});
  EXPECT_TRUE(db->Put(sync_, "later", "fine"));
  EXPECT_EQ(CountOf("reserve.ready"), 2U);
  TakeSpaceForSegments();
  FillUntilRefused(*db);
  EXPECT_TRUE(db->Delete(sync_, "later"));
  files_.set_hook({});
  const Model model = Scan(*db);
  db.reset();
  EXPECT_EQ(Scan(*Open(LogOnly())), model);
}

TEST_F(ReserveTest, ACrashWhileItIsInUseLosesNothing) {
  auto db = Open(LogOnly());
  TakeSpaceForSegments();
  FillUntilRefused(*db);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(db->Delete(i % 2 == 0 ? sync_ : lazy_, Key(i)));
    const Model model = Scan(*db);
    const Model files = FilesNow();
    db.reset();
    files_.set_hook({});
    RestoreFiles(files);
    EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());
    db = Open(LogOnly());
    ASSERT_TRUE(db);
    EXPECT_EQ(Scan(*db), model);
    TakeSpaceForSegments();
    FillUntilRefused(*db);
  }
}

TEST_F(ReserveTest, ItIsMadeAnewWithoutBeingAskedFor) {
  auto db = Open(LogOnly());
  TakeSpaceForSegments();
  FillUntilRefused(*db);
  while (CountOf("reserve.entered") == 0) ASSERT_TRUE(db->Delete(sync_, "a"));
  EXPECT_EQ(CountOf("reserve.ready"), 1U);
  files_.set_hook({});
  while (CountOf("reserve.ready") == 1) EXPECT_EQ(db->Get({}, "a")->has_value(), false);
  TakeSpaceForSegments();
  EXPECT_TRUE(db->Put(sync_, "a", "1"));  // the segment is like any other now
}

TEST_F(ReserveTest, AnOpenWithoutSpaceForItServesAndSeesToItLater) {
  ASSERT_TRUE(Open(LogOnly())->Put(sync_, "a", "1"));
  int segments = 0;
  files_.set_hook([&](const FileEvent& event) -> Status {
    if (event.call != FileCall::kWrite || event.offset != 0) return {};
    if (event.path.find(".wal") == std::string::npos) return {};
    if (++segments == 1) return {};
    return Fail(Error(ErrorCode::kNoSpace, "injected").At(event.path));
  });
  const std::size_t before = CountOf("reserve.ready");
  auto db = Open(LogOnly());
  ASSERT_TRUE(db);
  EXPECT_EQ(NamesOf(FileKind::kSegment).size(), 2U);
  EXPECT_TRUE(db->Put(sync_, "b", "2"));
  EXPECT_EQ(CountOf("reserve.ready"), before);
  files_.set_hook({});
  while (CountOf("reserve.ready") == before) EXPECT_TRUE(db->Get({}, "b")->has_value());
  EXPECT_EQ(Scan(*db), (Model{{"a", "1"}, {"b", "2"}}));
}

TEST_F(ReserveTest, WhileTablesCannotBeWrittenDeletesGoOnUpToABound) {
  Options options = SmallOptions();
  options.memtable_size = 8 * kKiB;
  auto db = Open(options);
  SetHook(FileCall::kWrite, ".sst", ErrorCode::kNoSpace);
  const int written = FillUntilRefused(*db);
  ASSERT_GT(written, 3);
  int deleted = 0;
  Status status;
  while (status) {
    EXPECT_EQ(db->Put(sync_, "other", "x").error().code(), ErrorCode::kNoSpace);
    status = db->Delete(sync_, Key(deleted % written));
    if (status) ++deleted;
    ASSERT_LT(deleted, 100);
  }
  EXPECT_EQ(status.error().code(), ErrorCode::kNoSpace);
  // As many blocks as a segment has, of which what vouches for each delete may take one.
  EXPECT_GE(deleted, 7);
  files_.set_hook({});
  while (!db->Put(sync_, "other", "x")) {
  }
  EXPECT_EQ(Scan(*db).size(), static_cast<std::size_t>(std::max(written - deleted, 0) + 1));
  EXPECT_EQ(CountOf("db.poisoned"), 0U);
}

// Writers that wait together: a group with puts is refused, the deletes among them are not.
TEST_F(ReserveTest, DeletesBesideRefusedPutsAreTaken) {
  auto db = Open(LogOnly());
  TakeSpaceForSegments();
  FillUntilRefused(*db);
  std::vector<env::Thread> threads;
  Status deletes[8];
  Status puts[8];
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back("put", [&, i] { puts[i] = db->Put(sync_, "p", Bytes(1000, 'v')); });
    threads.emplace_back("delete", [&, i] { deletes[i] = db->Delete(sync_, Key(i)); });
  }
  for (env::Thread& thread : threads) thread.Join();
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(puts[i]) << i;
    EXPECT_TRUE(deletes[i]) << i;
  }
}

}  // namespace
}  // namespace beach::engine
