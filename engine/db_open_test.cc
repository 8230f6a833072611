// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"
#include "engine/db.h"
#include "engine/directory.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

TEST_F(DbTest, AHeldLockIsBusyAndNothingIsTouched) {
  auto db = Open();
  ASSERT_TRUE(db->Flush());
  const Model before = FilesNow();
  EXPECT_EQ(OpenError(), ErrorCode::kBusy);
  EXPECT_EQ(FilesNow(), before);
}

TEST_F(DbTest, AnAbsentDatabaseIsNotFoundWhenNoneIsToBeCreated) {
  Options options = SmallOptions();
  options.create_if_missing = false;
  EXPECT_EQ(OpenError(options), ErrorCode::kNotFound);
  EXPECT_FALSE(*files_.Exists("db"));
  ASSERT_TRUE(files_.CreateDirectory("db"));
  EXPECT_EQ(OpenError(options), ErrorCode::kNotFound);
  EXPECT_TRUE(files_.List("db")->empty());
}

TEST_F(DbTest, DataFilesWithoutCurrentAreRefusedUntouched) {
  for (const char* name : {"000001.sst", "000002.wal"}) {
    if (*files_.Exists("db"))
      RestoreFiles({});
    else
      ASSERT_TRUE(files_.CreateDirectory("db"));
    files_.SetContent(env::JoinPath("db", name), "precious");
    EXPECT_EQ(OpenError(), ErrorCode::kRefused);
    EXPECT_EQ(*files_.List("db"), std::vector<std::string>{name});
    EXPECT_EQ(VerifyDatabase(files_, "db").error().code(), ErrorCode::kRefused);
  }
}

TEST_F(DbTest, AHalfMadeDatabaseIsFinished) {
  // The crash after each of the calls that make a database.
  for (int calls = 0;; ++calls) {
    ASSERT_LT(calls, 200);
    MemoryFiles files;
    int left = calls;
    bool crashed = false;
    files.set_hook([&](const FileEvent&) -> Status {
      if (left-- > 0) return {};
      crashed = true;
      return Fail(ErrorCode::kIo, "crash");
    });
    const env::Env env{.files = &files, .clock = &clock_};
    { const auto first = Db::Open(env, "db", SmallOptions()); }
    files.set_hook({});
    auto db = Db::Open(env, "db", SmallOptions());
    ASSERT_TRUE(db) << calls << ": " << db.error().ToString();
    ASSERT_TRUE((*db)->Put(sync_, "a", "1"));
    if (!crashed) break;
  }
}

TEST_F(DbTest, ForeignIdentityUnknownVersionAndDamageAreTold) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  const Model sound = FilesNow();

  files_.SetContent("db/IDENTITY", EncodeIdentity({.high = 1, .low = 2}));
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  Bytes version = sound.at("IDENTITY");
  version[8] = 77;
  StoreFixed(version.data() + 32, Crc32c(ByteView(version).substr(0, 32)));
  files_.SetContent("db/IDENTITY", version);
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  files_.SetContent("db/IDENTITY", "somebody else's file");
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  ASSERT_TRUE(files_.Remove("db/IDENTITY"));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);

  RestoreFiles(sound);
  files_.SetContent("db/CURRENT", "MANIFEST-000001\n");
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  RestoreFiles(sound);
  ASSERT_TRUE(files_.Remove("db/" + NamesOf(FileKind::kManifest).at(0)));
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  RestoreFiles(sound);
  EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
}

TEST_F(DbTest, ListedFilesThatAreMissingAreCorruption) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "a", "1"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put(sync_, "b", "2"));
  ASSERT_TRUE(db->Close());
  const Model sound = FilesNow();
  for (const auto& [name, content] : sound) {
    const auto file = ParseFileName(name);
    if (!file || (file->kind != FileKind::kTable && file->kind != FileKind::kSegment)) continue;
    RestoreFiles(sound);
    ASSERT_TRUE(files_.Remove("db/" + name));
    const Model before = FilesNow();
    const auto report = VerifyDatabase(files_, "db");
    ASSERT_TRUE(report);
    ASSERT_EQ(report->damage.size(), 1U) << name;
    EXPECT_EQ(report->damage[0].code(), ErrorCode::kCorruption);
    const auto opened = TryOpen();
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(opened.error().path(), "db/" + name);
    EXPECT_EQ(FilesNow(), before);
  }
}

TEST_F(DbTest, ADatabaseWithoutALogIsSound) {
  ASSERT_TRUE(files_.CreateDirectory("db"));
  // As a creation that crashed at its end leaves it.
  ASSERT_TRUE(CreateDatabase(Environment(), "db", {}, SmallOptions()));
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damage.empty());
  EXPECT_EQ(report->segments, 0U);
  EXPECT_EQ(report->flights, 0U);
  EXPECT_TRUE(Scan(*Open()).empty());
}

TEST_F(DbTest, ASegmentShorterThanListedIsDamageWithItsPlace) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  const std::string path = "db/" + NamesOf(FileKind::kSegment).at(0);
  Bytes content = files_.Content(path);
  content.pop_back();
  files_.SetContent(path, content);
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->damage.size(), 1U);
  EXPECT_EQ(report->damage[0].code(), ErrorCode::kCorruption);
  EXPECT_EQ(report->damage[0].path(), path);
  EXPECT_EQ(report->damage[0].offset(), content.size());
}

TEST_F(DbTest, DebrisIsRemovedAndItsNumbersAreNotReused) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  files_.SetContent("db/000900.sst", "debris");
  files_.SetContent("db/000901.wal", "debris");
  files_.SetContent("db/MANIFEST-000902", "debris");
  files_.SetContent("db/CURRENT.tmp", "debris");
  files_.SetContent("db/notes.txt", "not ours");
  EXPECT_EQ(VerifyDatabase(files_, "db")->debris.size(), 4U);
  auto db = Open();
  for (const char* name : {"000900.sst", "000901.wal", "MANIFEST-000902", "CURRENT.tmp"}) {
    EXPECT_FALSE(*files_.Exists(env::JoinPath("db", name))) << name;
  }
  EXPECT_TRUE(*files_.Exists("db/notes.txt"));
  EXPECT_GT(*ReadCurrent(files_, "db"), FileNumber(902));
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
}

}  // namespace
}  // namespace beach::engine
