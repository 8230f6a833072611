// SPDX-License-Identifier: Apache-2.0
#include "engine/pinned_files.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class PinnedFilesTest : public DbTest {
 protected:
  std::unique_ptr<PinnedFiles> Pin(Db& db) {
    auto pinned = db.PinFiles();
    EXPECT_TRUE(pinned) << pinned.error().ToString();
    return pinned ? *std::move(pinned) : nullptr;
  }
  void Fill(Db& db, int from, int to) {
    for (int i = from; i < to; ++i) {
      ASSERT_TRUE(db.Put(lazy_, "k" + std::to_string(i), Bytes(500, 'v')));
    }
  }
};

TEST_F(PinnedFilesTest, AreAllUpToTheirNumberAndNothingAbove) {
  const auto db = Open();
  Fill(*db, 0, 40);
  ASSERT_TRUE(db->DeleteRange(lazy_, "k1", "k2"));
  const auto pinned = Pin(*db);
  EXPECT_EQ(pinned->sequence(), db->VisibleSequence());
  EXPECT_EQ(pinned->database(), *ReadIdentity(files_, "db"));
  Fill(*db, 40, 60);
  ASSERT_TRUE(db->Flush());
  std::uint64_t highest = 0;
  for (const PinnedFile& file : pinned->files()) {
    EXPECT_LE(file.sequence_min, file.sequence_max);
    EXPECT_LE(file.sequence_max, pinned->sequence());
    EXPECT_LE(file.smallest, file.largest);
    EXPECT_EQ(file.size_bytes, files_.Content(file.path).size());
    EXPECT_EQ(file.written_by, pinned->database());
    highest = std::max(highest, file.sequence_max.value);
  }
  EXPECT_EQ(highest, pinned->sequence().value);
}

TEST_F(PinnedFilesTest, StayAsTheyAreUntilTheyAreLetGo) {
  const auto db = Open();
  Fill(*db, 0, 40);
  auto one = Pin(*db);
  auto two = Pin(*db);
  EXPECT_EQ(db->Stats().file_pins, 2U);
  std::vector<Bytes> before;
  for (const PinnedFile& file : one->files()) before.push_back(files_.Content(file.path));
  Fill(*db, 0, 40);
  ASSERT_TRUE(db->CompactRange(std::nullopt, std::nullopt));
  one.reset();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(files_.Content(two->files()[i].path), before[i]);
  }
  const std::string first = two->files()[0].path;
  two.reset();
  EXPECT_FALSE(*files_.Exists(first));
  EXPECT_EQ(db->Stats().file_pins, 0U);
}

TEST_F(PinnedFilesTest, ACheckReadsAllOfAFileAndFindsAnyDamage) {
  const auto db = Open();
  Fill(*db, 0, 40);
  const auto pinned = Pin(*db);
  ASSERT_GE(pinned->files().size(), 2U);
  for (std::size_t i = 0; i < pinned->files().size(); ++i) {
    const Status sound = pinned->Check(i);
    EXPECT_TRUE(sound) << sound.error().ToString();
  }
  EXPECT_TRUE(db->Health());
  const std::string path = pinned->files()[1].path;
  const Bytes content = files_.Content(path);
  for (std::size_t at = 0; at < content.size(); at += 31) {
    Bytes damaged = content;
    damaged[at] ^= 0x04;
    files_.SetContent(path, damaged);
    const Status checked = pinned->Check(1);
    ASSERT_FALSE(checked) << at;
    EXPECT_EQ(checked.error().path(), path);
    EXPECT_TRUE(pinned->Check(0));
  }
  files_.SetContent(path, content);
  EXPECT_TRUE(pinned->Check(1));
  EXPECT_EQ(db->Health().error().code(), ErrorCode::kCorruption);
}

TEST_F(PinnedFilesTest, SayTheTimeAsOfTheirNumber) {
  const auto db = Open();
  EXPECT_EQ(Pin(*db)->time(), 0U);
  Fill(*db, 0, 5);
  ASSERT_TRUE(db->AdvanceTime(lazy_, 70));
  const auto pinned = Pin(*db);
  EXPECT_EQ(pinned->sequence(), db->VisibleSequence());
  ASSERT_TRUE(db->AdvanceTime(lazy_, 90));
  ASSERT_TRUE(db->Flush());
  EXPECT_EQ(pinned->time(), 70U);
  EXPECT_EQ(Pin(*db)->time(), 90U);
}

TEST_F(PinnedFilesTest, HaveALimitAndAreForgottenByACrash) {
  Options options = SmallOptions();
  options.file_pins_max = 1;
  auto db = Open(options);
  Fill(*db, 0, 40);
  auto pinned = Pin(*db);
  const auto second = db->PinFiles();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kOverloaded);
  ASSERT_TRUE(db->CompactRange(std::nullopt, std::nullopt));
  const Model files = FilesNow();
  const std::size_t names = Names().size();
  pinned.reset();
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(db->PinFiles().error().code(), ErrorCode::kClosed);
  db.reset();
  RestoreFiles(files);
  db = Open(options);
  EXPECT_LT(Names().size(), names);
  EXPECT_TRUE(VerifyDatabase(files_, "db").error().code() == ErrorCode::kBusy);
  EXPECT_EQ(Scan(*db).size(), 40U);
}

TEST_F(PinnedFilesTest, AFailedFlushPinsNothing) {
  const auto db = Open();
  Fill(*db, 0, 2);
  SetHook(FileCall::kWrite, ".sst", ErrorCode::kIo);
  EXPECT_FALSE(db->PinFiles());
  EXPECT_EQ(db->Stats().file_pins, 0U);
}

}  // namespace
}  // namespace beach::engine
