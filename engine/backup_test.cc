// SPDX-License-Identifier: Apache-2.0
#include "engine/backup.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "engine/backup_record.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class BackupTest : public DbTest {
 protected:
  void Fill(Db& db, int from, int to) {
    for (int i = from; i < to; ++i) {
      EXPECT_TRUE(
          db.Put(lazy_, "k" + std::to_string(i), Bytes(300, static_cast<char>('a' + i % 26))));
    }
  }
  Result<BackupInfo> Restore(const std::string& directory, std::uint64_t number = 0) {
    return RestoreBackup(Environment(), "out", directory, {.number = number});
  }
  Model Restored(const std::string& directory, std::uint64_t number = 0) {
    const auto info = Restore(directory, number);
    EXPECT_TRUE(info) << info.error().ToString();
    Options options = SmallOptions();
    options.create_if_missing = false;
    const auto db = Db::Open(Environment(), directory, options);
    EXPECT_TRUE(db) << db.error().ToString();
    return db ? Scan(**db) : Model{{"?", "?"}};
  }
  std::vector<std::string> TablesOut() {
    std::vector<std::string> names = files_.List("out").value();
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".sst"); });
    return names;
  }
};

TEST_F(BackupTest, EachBackupIsRestoredAsItWas) {
  const auto db = Open();
  std::vector<Model> states;
  for (int i = 0; i < 3; ++i) {
    Fill(*db, 20 * i, 20 * i + 20);
    ASSERT_TRUE(db->Delete(sync_, "k" + std::to_string(i)));
    states.push_back(Scan(*db));
    const auto report = db->Backup("out");
    ASSERT_TRUE(report) << report.error().ToString();
    EXPECT_EQ(report->backup.number, static_cast<std::uint64_t>(i + 1));
    EXPECT_EQ(report->backup.last_sequence, db->VisibleSequence());
    EXPECT_GT(report->tables_copied, 0U);
    // Those of the backups before are not copied again.
    EXPECT_EQ(report->tables_copied<report->backup.tables, i> 0);
  }
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Restored("restored" + std::to_string(i), i + 1), states[i]);
  }
  EXPECT_EQ(Restored("newest"), states.back());
  const auto list = ListBackups(files_, "out");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 3U);
}

TEST_F(BackupTest, ABackupOfNothingNewCopiesNothing) {
  const auto db = Open();
  Fill(*db, 0, 20);
  ASSERT_TRUE(db->Backup("out"));
  const auto report = db->Backup("out");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->tables_copied, 0U);
}

TEST_F(BackupTest, OnlyTheNewestAreKeptAndWhatTheyNeed) {
  const auto db = Open();
  for (int i = 0; i < 4; ++i) {
    Fill(*db, 0, 20);
    ASSERT_TRUE(db->CompactRange(std::nullopt, std::nullopt));
    const auto report = db->Backup("out", {.keep = 2});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->backups_removed, i < 2 ? 0U : 1U);
  }
  const auto list = ListBackups(files_, "out");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->front().number, 3U);
  EXPECT_EQ(TablesOut().size(), list->front().tables + list->back().tables);
  EXPECT_EQ(Restored("restored", 3), Scan(*db));
}

TEST_F(BackupTest, DamageInThePlaceIsFoundByARestoreAndMendedByABackup) {
  const auto db = Open();
  Fill(*db, 0, 20);
  ASSERT_TRUE(db->Backup("out"));
  const std::string path = "out/" + TablesOut().front();
  const Bytes sound = files_.Content(path);
  for (std::size_t at = 0; at < sound.size(); at += 97) {
    Bytes damaged = sound;
    damaged[at] ^= 1;
    files_.SetContent(path, damaged);
    const auto restored = Restore("restored");
    ASSERT_FALSE(restored) << at;
    EXPECT_EQ(restored.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(restored.error().path(), path);
    EXPECT_EQ(Db::Open(Environment(), "restored", SmallOptions()).error().code(),
              ErrorCode::kRefused);
  }
  const auto report = db->Backup("out");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->tables_mended, 1U);
  EXPECT_EQ(files_.Content(path), sound);
  EXPECT_EQ(Restored("restored", 1), Scan(*db));
}

TEST_F(BackupTest, AMissingTableIsDamageAndAMissingBackupIsToldApart) {
  const auto db = Open();
  EXPECT_EQ(Restore("restored").error().code(), ErrorCode::kNotFound);
  Fill(*db, 0, 20);
  ASSERT_TRUE(db->Backup("out"));
  EXPECT_EQ(Restore("restored", 7).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(files_.Remove("out/" + TablesOut().front()));
  EXPECT_EQ(Restore("restored").error().code(), ErrorCode::kCorruption);
  ASSERT_TRUE(db->Backup("out"));
  EXPECT_EQ(Restored("restored"), Scan(*db));
}

// Nobody knows what it lists: no table of the place goes while it is there.
TEST_F(BackupTest, WhileAListIsDamagedAllTablesStay) {
  const auto db = Open();
  Fill(*db, 0, 20);
  ASSERT_TRUE(db->Backup("out"));
  const Bytes sound = files_.Content("out/" + BackupFileName(1));
  const Model first = Scan(*db);
  Bytes damaged = sound;
  damaged[kBackupHeaderSize] ^= 1;
  files_.SetContent("out/" + BackupFileName(1), damaged);
  EXPECT_EQ(Restore("restored", 1).error().code(), ErrorCode::kCorruption);
  Fill(*db, 0, 20);
  ASSERT_TRUE(db->CompactRange(std::nullopt, std::nullopt));  // all tables are others now
  ASSERT_TRUE(db->Backup("out"));
  EXPECT_EQ(Restored("newest"), Scan(*db));
  files_.SetContent("out/" + BackupFileName(1), sound);
  EXPECT_EQ(Restored("oldest", 1), first);
}

TEST_F(BackupTest, BehindTheLastNumberThereIsNoBackup) {
  const auto db = Open();
  ASSERT_TRUE(db->Backup("out"));
  files_.SetContent("out/" + BackupFileName(kBackupNumberMax), "");
  const auto report = db->Backup("out");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(report.error().path(), "out");
  EXPECT_EQ(Restored("restored", 1), Scan(*db));
}

TEST_F(BackupTest, ADamagedTableOfOursIsNotBackedUp) {
  const auto db = Open();
  Fill(*db, 0, 20);
  ASSERT_TRUE(db->Flush());
  const std::string path = "db/" + NamesOf(FileKind::kTable).front();
  Bytes content = files_.Content(path);
  content[10] ^= 1;
  files_.SetContent(path, content);
  const auto report = db->Backup("out");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(report.error().path(), path);
  EXPECT_TRUE(ListBackups(files_, "out")->empty());
}

TEST_F(BackupTest, APlaceOfOtherThingsIsRefusedUntouched) {
  const auto db = Open();
  EXPECT_EQ(db->Backup("db").error().code(), ErrorCode::kRefused);
  ASSERT_TRUE(files_.CreateDirectory("other"));
  files_.SetContent("other/notes", "mine");
  EXPECT_EQ(db->Backup("other").error().code(), ErrorCode::kRefused);
  EXPECT_EQ(*files_.List("other"), std::vector<std::string>{"notes"});
  EXPECT_EQ(ListBackups(files_, "other").error().code(), ErrorCode::kRefused);
  EXPECT_EQ(ListBackups(files_, "none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->Backup("no/out").error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(db->Backup("out"));
  {
    const auto lock = files_.Lock("out/LOCK");
    ASSERT_TRUE(lock);
    EXPECT_EQ(db->Backup("out").error().code(), ErrorCode::kBusy);
    EXPECT_EQ(Restore("restored").error().code(), ErrorCode::kBusy);
  }
  EXPECT_EQ(Restore("db").error().code(), ErrorCode::kAlreadyExists);
}

// Any call that fails: the backups that were there are there, and the next one is not hindered.
TEST_F(BackupTest, AnyFailureLeavesThePlaceWithWhatItHad) {
  const auto db = Open();
  Fill(*db, 0, 20);
  const Model first = Scan(*db);
  ASSERT_TRUE(db->Backup("out"));
  Fill(*db, 10, 30);
  ASSERT_TRUE(db->Flush());
  const Model second = Scan(*db);
  int failures = 0;
  for (int at = 0;; ++at) {
    ASSERT_LT(at, 300);
    int calls = 0;
    FailChange("out", at, calls, ErrorCode::kNoSpace);
    const auto made = db->Backup("out");
    files_.set_hook({});
    if (made && calls <= at) break;
    failures += made ? 0 : 1;
    const std::string n = std::to_string(at);
    const auto list = ListBackups(files_, "out");
    ASSERT_TRUE(list);
    EXPECT_EQ(Restored("first" + n, 1), first);
    EXPECT_EQ(Restored("newest" + n), list->size() > 1 ? second : first);
    ASSERT_TRUE(db->Backup("out"));
    EXPECT_EQ(Restored("again" + n), second);
    while (files_.List("out")->size() > 0 && ListBackups(files_, "out")->size() > 1) {
      ASSERT_TRUE(
          files_.Remove("out/" + BackupFileName(ListBackups(files_, "out")->back().number)));
    }
  }
  EXPECT_GT(failures, 10);
}

BackupRecord SomeRecord() {
  BackupRecord record;
  record.number = 3;
  record.wall_ns = 77;
  record.state.database = {.high = 1, .low = 2};
  record.state.next_file = FileNumber(9);
  record.state.last_sequence = SequenceNumber(20);
  record.state.tables.push_back({.file = FileNumber(4),
                                 .size_bytes = 100,
                                 .entries = 2,
                                 .smallest = Bytes("a\x01\x05\0\0\0\0\0\0", 9),
                                 .largest = Bytes("b\x01\x06\0\0\0\0\0\0", 9),
                                 .sequence_min = SequenceNumber(5),
                                 .sequence_max = SequenceNumber(6),
                                 .level = 1,
                                 .origin = DatabaseId{.high = 7, .low = 8}});
  record.checksums = {0x01020304};
  return record;
}

TEST(BackupRecordTest, RoundTripAndEveryDamageIsFound) {
  const BackupRecord record = SomeRecord();
  const Bytes bytes = EncodeBackup(record);
  const auto read = DecodeBackup(bytes, 3, "p");
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->state, record.state);
  EXPECT_EQ(read->checksums, record.checksums);
  EXPECT_EQ(read->wall_ns, 77U);
  EXPECT_FALSE(DecodeBackup(bytes, 4, "p"));  // under another's name
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= 0x10;
    EXPECT_FALSE(DecodeBackup(damaged, 3, "p")) << i;
    EXPECT_FALSE(DecodeBackup(ByteView(bytes).substr(0, i), 3, "p")) << i;
  }
}

// Behind a checksum that is right.
ErrorCode ErrorOf(Bytes bytes) {
  Encoder(bytes).Fixed32(Crc32c(bytes));
  const auto read = DecodeBackup(bytes, 3, "p");
  EXPECT_FALSE(read);
  EXPECT_EQ(read.error().path(), "p");
  return read.error().code();
}

TEST(BackupRecordTest, AnUnknownVersionIsRefused) {
  Bytes bytes = EncodeBackup(SomeRecord());
  bytes.resize(bytes.size() - sizeof(std::uint32_t));
  ++bytes[8];
  EXPECT_EQ(ErrorOf(bytes), ErrorCode::kRefused);
}

TEST(BackupRecordTest, EditsThatContradictEachOtherAreDamage) {
  ManifestEdit edit;
  edit.tables_removed = {FileNumber(4)};
  Bytes bytes = EncodeBackup(SomeRecord()).substr(0, kBackupHeaderSize);
  Encoder encoder(bytes);
  encoder.Varint(1);
  encoder.LengthPrefixed(EncodeManifestEdit(edit));
  EXPECT_EQ(ErrorOf(bytes), ErrorCode::kCorruption);
}

RC_GTEST_PROP(BackupRecordTest, GarbageUnderARightChecksumIsATypedAnswer, (std::string garbage)) {
  Bytes bytes = EncodeBackup(SomeRecord()).substr(0, kBackupHeaderSize) + garbage;
  Encoder(bytes).Fixed32(Crc32c(bytes));
  const auto read = DecodeBackup(bytes, 3, "p");
  RC_ASSERT(read.has_value() || read.error().code() == ErrorCode::kCorruption ||
            read.error().code() == ErrorCode::kRefused);
}

TEST(BackupDocumentTest, SaysWhatTheCodeDoes) {
  std::ifstream file(std::string(BEACH_SOURCE_DIR) + "/docs/formats/backup.md");
  std::ostringstream text;
  text << file.rdbuf();
  const auto has = [&](const std::string& part) {
    EXPECT_NE(text.str().find(part), std::string::npos) << part;
  };
  has("header of " + std::to_string(kBackupHeaderSize) + " bytes");
  has("| 0 | 8 | magic `" + EncodeBackup(SomeRecord()).substr(0, 8) + "` |");
  has("| 8 | 4 | version, " + std::to_string(kBackupVersion) + " |");
  has(std::string("`") + kPartialFileName + "`");
  static_assert(kBackupNumberMax == std::uint64_t{1} << 32);
  has("at most 2^32");
}

// The first backup of a database that nobody wrote to, to the byte.
TEST(BackupRecordTest, GoldenBytes) {
  BackupRecord record;
  record.number = 1;
  record.wall_ns = 2;
  record.state.database = {.high = 3, .low = 4};
  record.state.next_file = FileNumber(5);
  const Bytes bytes = EncodeBackup(record);
  const Bytes expected = Bytes("BEACHBAK\x01\0\0\0\0\0\0\0", 16) +
                         Bytes("\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 16) +
                         Bytes("\x01\x24\x01", 3) +                                   // one edit
                         Bytes("\x01\x10\x03\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0", 18) +  // kDatabase
                         Bytes("\x02\x01\0\x03\x01\x05\x04\x01\0", 9) +  // three numbers
                         Bytes("\x05\x02\0\0\x06\x02\0\0", 8);           // positions
  EXPECT_EQ(bytes.substr(0, bytes.size() - 4), expected);
}

TEST(BackupNameTest, OnlyOurSpellingsAreOurs) {
  const std::string table = BackupTableName({.high = 0xab, .low = 1}, FileNumber(12));
  EXPECT_EQ(table, "00000000000000ab0000000000000001-000012.sst");
  for (const std::string& name : {std::string("LOCK"), std::string("BACKUP-000001"),
                                  std::string("BACKUP-000001.tmp"), table, table + ".tmp"}) {
    EXPECT_TRUE(ParseBackupName(name)) << name;
  }
  EXPECT_EQ(ParseBackupName("BACKUP-000012")->number, 12U);
  for (const char* const name : {"", "BACKUP-", "BACKUP-1", "BACKUP-0000001", "CURRENT",
                                 "000012.sst", "00000000000000AB0000000000000001-000012.sst",
                                 "00000000000000ab0000000000000001-000012.wal", ".tmp"}) {
    EXPECT_FALSE(ParseBackupName(name)) << name;
  }
}

}  // namespace
}  // namespace beach::engine
