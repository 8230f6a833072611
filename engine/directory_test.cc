// SPDX-License-Identifier: Apache-2.0
// What an open makes of a directory before it serves: refused, damaged, littered.
#include "engine/directory.h"

#include <cerrno>

#include "engine/db.h"
#include "engine/manifest/manifest_file.h"
#include "engine/testing/db_fixture.h"
#include "engine/wal/format.h"

namespace beach::engine {
namespace {

class DirectoryTest : public DbTest {
 protected:
  // A log of many segments and no tables.
  static Options LogOnly() {
    Options options = SmallOptions();
    options.memtable_size = kMiB;
    return options;
  }
  void Fill(Db& db, int from, int to) {
    for (int i = from; i < to; ++i) ASSERT_TRUE(db.Put(sync_, std::to_string(i), Bytes(1000, 'v')));
  }
  // Files of a process that crashed when one write had gone into the second segment of its
  // log: the last record of the manifest gives the first one its end.
  Model CrashedAfterRotation() {
    auto db = Open(LogOnly());
    for (int i = 0; Parse(files_.Content(ManifestPath())).records.size() < 3; ++i) {
      Fill(*db, i, i + 1);
    }
    return FilesNow();
  }
  std::string ManifestPath() { return "db/" + NamesOf(FileKind::kManifest).at(0); }
  ManifestContents Parse(const Bytes& bytes) {
    ManifestContents contents;
    EXPECT_TRUE(ParseManifest(bytes, *ReadCurrent(files_, "db"), ManifestPath(), contents));
    return contents;
  }
  void CrashAfter(int calls) {
    auto left = std::make_shared<int>(calls);
    files_.set_hook([left](const FileEvent&) -> Status {
      if ((*left)-- > 0) return {};
      return Fail(ErrorCode::kIo, "crash");
    });
  }
};

TEST_F(DirectoryTest, AnyFlippedByteOfTheLastManifestRecordIsCorruptionNotATornTail) {
  const Model sound = CrashedAfterRotation();
  RestoreFiles(sound);
  const std::string path = ManifestPath();
  const Bytes bytes = files_.Content(path);
  const std::uint64_t last = Parse(bytes).records.back().offset;
  ASSERT_GT(last, Parse(bytes).snapshot_end - 1);
  for (std::uint64_t at = last; at < bytes.size(); ++at) {
    RestoreFiles(sound);
    Bytes damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    files_.SetContent(path, damaged);
    const Model before = FilesNow();
    const auto report = VerifyDatabase(files_, "db");
    ASSERT_TRUE(report);
    const auto opened = TryOpen(LogOnly());
    ASSERT_FALSE(opened) << at;
    for (const Error& error : {report->damage.at(0), opened.error()}) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruption);
      EXPECT_EQ(error.path(), path);
      EXPECT_EQ(error.offset(), last);
    }
    EXPECT_TRUE(FilesNow() == before);
    EXPECT_FALSE(*files_.Exists("db/LOCK"));
  }
  RestoreFiles(sound);
  EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());
  EXPECT_TRUE(Open(LogOnly()));
}

TEST_F(DirectoryTest, ASegmentThatWasMadeAndNeverWrittenToIsDebris) {
  auto db = Open(LogOnly());
  Fill(*db, 0, 3);  // too few for the next segment to be made
  SetHook(FileCall::kWrite, "MANIFEST", ErrorCode::kIo);
  int written = 3;
  while (db->Put(sync_, std::to_string(written), Bytes(1000, 'v'))) ++written;
  files_.set_hook({});
  const Model files = FilesNow();
  ASSERT_EQ(NamesOf(FileKind::kSegment).size(), 3U);  // it, the log, the reserve
  db.reset();
  RestoreFiles(files);
  const auto report = VerifyDatabase(files_, "db");
  EXPECT_TRUE(report->damage.empty());
  EXPECT_EQ(report->debris.size(), 1U);
  db = Open(LogOnly());
  ASSERT_TRUE(db);
  EXPECT_EQ(Scan(*db).size(), static_cast<std::size_t>(written));
}

// An edit that was not synced is seen by one open, which crashes, and lost by a power loss; what
// that open left is of a later place in the log than the next open's own segment.
TEST_F(DirectoryTest, TheLeftoversOfACrashedOpenAreNeverTakenForALostEdit) {
  Model files = CrashedAfterRotation();
  RestoreFiles(files);
  const std::string manifest = ManifestPath();
  const auto last = Parse(files_.Content(manifest)).records.back().offset;
  const std::string newest = NamesOf(FileKind::kSegment).at(1);  // but for what is made ahead
  // The new segment was not yet written to.
  files[newest].resize(wal::kSegmentHeaderSize);
  files[newest].resize(LogOnly().wal_segment_size);
  const std::uint64_t old_files = files.size();
  Model leftovers;
  for (int calls = 0;; ++calls) {
    RestoreFiles(files);
    CrashAfter(calls);
    const bool opened = TryOpen(LogOnly()).has_value();
    files_.set_hook({});
    if (opened) break;
    for (const auto& [name, content] : FilesNow()) {
      if (name.ends_with(".wal") && !files.contains(name)) leftovers[name] = content;
    }
  }
  ASSERT_EQ(leftovers.size(), 2U);  // and its reserve
  ASSERT_EQ(files.size(), old_files);

  files["MANIFEST-" + manifest.substr(manifest.rfind('-') + 1)].resize(last);
  RestoreFiles(files);
  for (const auto& [name, content] : leftovers) files_.SetContent("db/" + name, content);
  auto db = Open(LogOnly());
  ASSERT_TRUE(db);
  const Model model = Scan(*db);
  db.reset();
  // The removal was not durable either.
  for (const auto& [name, content] : leftovers) files_.SetContent("db/" + name, content);
  EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());
  db = Open(LogOnly());
  ASSERT_TRUE(db);
  EXPECT_EQ(Scan(*db), model);
}

// The edit that retired segments is in the page cache alone: an open acts on what it reads, and a
// power loss takes the edit back.
TEST_F(DirectoryTest, WhatALostEditMadeDebrisIsKeptUntilTheNextManifestCounts) {
  auto db = Open(LogOnly());
  Fill(*db, 0, 40);
  const Model model = Scan(*db);
  SetHook(FileCall::kRemove, ".wal", ErrorCode::kIo);
  ASSERT_TRUE(db->Flush());
  files_.set_hook({});
  const Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  const std::string manifest = ManifestPath();
  const FileNumber current = *ReadCurrent(files_, "db");
  const std::uint64_t last = Parse(files_.Content(manifest)).records.back().offset;
  int crashes = 0;
  for (int calls = 0;; ++calls) {
    RestoreFiles(files);
    CrashAfter(calls);
    const bool opened = TryOpen(LogOnly()).has_value();
    files_.set_hook({});
    if (opened || ManifestPath() != manifest || *ReadCurrent(files_, "db") != current) break;
    ++crashes;
    files_.SetContent(manifest, files.at(manifest.substr(3)).substr(0, last));
    db = Open(LogOnly());
    ASSERT_TRUE(db) << calls;
    ASSERT_EQ(Scan(*db).size(), model.size()) << calls;
    db.reset();
  }
  EXPECT_GT(crashes, 20);
}

// CURRENT's name may be in the cache alone, of a process that was killed behind its rename.
TEST_F(DirectoryTest, TheNamesThatAnOpenReadAreDurableBeforeItChangesAnything) {
  RestoreFiles(CrashedAfterRotation());
  files_.SetContent("db/LOCK", "");
  bool read = false;
  bool durable = false;
  bool first_change_was_early = false;
  files_.set_hook([&](const FileEvent& event) -> Status {
    read = read || event.call == FileCall::kRead;
    if (event.call == FileCall::kSyncDirectory && event.path == "db") durable = durable || read;
    const bool changes = event.call == FileCall::kWrite || event.call == FileCall::kRemove ||
                         event.call == FileCall::kRename;
    first_change_was_early = first_change_was_early || (changes && !durable);
    return {};
  });
  const auto db = TryOpen(SmallOptions());
  EXPECT_TRUE(db);
  EXPECT_TRUE(durable);
  EXPECT_FALSE(first_change_was_early);
  files_.set_hook({});
}

TEST_F(DirectoryTest, AnEpochIsAboveThatOfEverySegmentLeftBehind) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  const auto epoch = [this] {
    return ReadManifest(files_, "db", *ReadIdentity(files_, "db"))->state.epoch.value;
  };
  for (const std::uint64_t left : {std::uint64_t{40}, ~std::uint64_t{0}, kEpochMax.value}) {
    const std::uint64_t before = epoch();
    files_.SetContent("db/000900.wal",
                      wal::EncodeSegmentBlock({.ordinal = SegmentOrdinal(50),
                                               .epoch = OpenEpoch(left),
                                               .file_size_bytes = wal::kSegmentSizeMin,
                                               .predecessor_end = {}}));
    EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
    // Far above is no epoch of ours.
    EXPECT_EQ(epoch(), (left == 40 ? left : before) + 1);
  }
}

TEST_F(DirectoryTest, OnlyWhatIsNotListedIsTakenBack) {
  auto db = Open();
  Fill(*db, 0, 10);
  ASSERT_TRUE(db->Flush());
  db.reset();
  const std::vector<std::string> names = Names();
  const auto manifest = ReadManifest(files_, "db", *ReadIdentity(files_, "db"));
  ASSERT_TRUE(manifest);
  const ListedFiles listed(manifest->state, manifest->file);
  for (const std::string& name : names) EXPECT_FALSE(listed.IsDebris(name)) << name;
  files_.SetContent("db/000900.wal", "x");
  files_.SetContent("db/000900.sst", "x");
  files_.SetContent("db/MANIFEST-000900", "x");
  RemoveFilesFrom(files_, "db", FileNumber(1), listed);
  EXPECT_EQ(Names(), names);
}

// The highest number stays told, by an empty file; what else has the old one's content, as a
// checkpoint does, keeps it.
TEST_F(DirectoryTest, RoomIsMadeWithoutTouchingWhatHasOtherNames) {
  auto db = Open();
  Fill(*db, 0, 10);
  ASSERT_TRUE(db->Close());
  db.reset();
  const auto manifest = ReadManifest(files_, "db", *ReadIdentity(files_, "db"));
  ASSERT_TRUE(manifest);
  files_.SetContent("db/000900.wal", "segment");
  files_.SetContent("db/000901.sst", "table");
  ASSERT_TRUE(files_.CreateDirectory("copy"));
  ASSERT_TRUE(files_.Link("db/000901.sst", "copy/000901.sst"));
  files_.set_hook([](const FileEvent& event) -> Status {
    if (!event.path.ends_with("CURRENT.tmp")) return {};
    return Fail(ErrorCode::kNoSpace, "not even for a name");
  });
  MakeRoomFrom(files_, "db", manifest->state.next_file);
  files_.set_hook({});
  EXPECT_FALSE(*files_.Exists("db/000900.wal"));
  EXPECT_EQ(files_.Content("db/000901.sst"), "table");  // and its number with it
  MakeRoomFrom(files_, "db", manifest->state.next_file);
  EXPECT_EQ(files_.Content("db/000901.sst"), "");
  EXPECT_EQ(files_.Content("copy/000901.sst"), "table");
  db = Open();
  EXPECT_FALSE(*files_.Exists("db/000901.sst"));
  EXPECT_GT(ReadManifest(files_, "db", *ReadIdentity(files_, "db"))->state.next_file,
            FileNumber(901));
}

// Also when what comes before the damage exceeds a memtable, and there is debris to be removed.
TEST_F(DirectoryTest, ADamagedLogIsRefusedBeforeAnythingIsWrittenOrRemoved) {
  auto db = Open(LogOnly());
  Fill(*db, 0, 14);
  ASSERT_TRUE(db->Close());
  db.reset();
  const std::string segment = "db/" + NamesOf(FileKind::kSegment).at(0);
  Bytes content = files_.Content(segment);
  content[13 * wal::kBlockSize + 500] = 'x';
  files_.SetContent(segment, content);
  files_.SetContent("db/000900.sst", "debris");
  const Model before = FilesNow();
  int changes = 0;
  files_.set_hook([&changes](const FileEvent& event) -> Status {
    changes += event.call == FileCall::kWrite || event.call == FileCall::kRemove ? 1 : 0;
    return {};
  });
  EXPECT_EQ(OpenError(), ErrorCode::kCorruption);
  files_.set_hook({});
  EXPECT_EQ(changes, 0);
  EXPECT_TRUE(FilesNow() == before);
}

TEST_F(DirectoryTest, ACurrentThatIsOlderThanTheLogIsCorruption) {
  for (const bool synced : {true, false}) {
    auto db = Open(LogOnly());
    ASSERT_TRUE(db->Put(sync_, "a", "1"));
    Model old = FilesNow();  // its newest flight is not vouched for: the next open copies it
    db.reset();
    RestoreFiles(old);
    db = Open(LogOnly());
    ASSERT_TRUE(db->Put(synced ? sync_ : lazy_, "b", "2"));
    Model files = FilesNow();
    db.reset();
    std::erase_if(files, [](const auto& file) { return file.first.starts_with("MANIFEST"); });
    for (const auto& [name, content] : old) files.insert_or_assign(name, content);
    RestoreFiles(files);
    for (int life = 0; life < 2; ++life) {
      const auto opened = TryOpen(LogOnly());
      ASSERT_FALSE(opened) << synced;
      EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
      EXPECT_EQ(opened.error().path(), "db/CURRENT");
      EXPECT_TRUE(FilesNow() == files);
    }
    EXPECT_EQ(VerifyDatabase(files_, "db")->damage.size(), 1U);
    RestoreFiles({});
  }
}

TEST_F(DirectoryTest, WhatCannotBeASegmentIsNoReasonToRefuse) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  ASSERT_TRUE(files_.CreateDirectory("db/000900.wal"));
  ASSERT_TRUE(files_.CreateDirectory("db/000901.sst"));
  for (int life = 0; life < 2; ++life) EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
  EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());

  files_.SetContent("db/000902.wal", "unreadable");
  SetHook(FileCall::kRead, "000902.wal", ErrorCode::kIo);
  const auto opened = TryOpen();
  files_.set_hook({});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kIo);
  EXPECT_EQ(opened.error().path(), "db/000902.wal");
}

TEST_F(DirectoryTest, AParentThatMayNotBeReadIsNeededOnlyToMakeTheDirectory) {
  for (const int os_error : {EACCES, EPERM, EIO}) {
    files_.set_hook([=](const FileEvent& event) -> Status {
      if (event.call != FileCall::kSyncDirectory || event.path == "db") return {};
      return Fail(ErrnoError(os_error, "open directory", event.path));
    });
    EXPECT_EQ(OpenError(), ErrorCode::kIo);
    ASSERT_TRUE(*files_.Exists("db"));
    EXPECT_EQ(TryOpen().has_value(), os_error != EIO);
    files_.set_hook({});
    RestoreFiles({});
    ASSERT_TRUE(files_.RemoveDirectory("db"));
  }
}

TEST_F(DirectoryTest, TheParentOfTheDirectoryIsMadeDurable) {
  const std::pair<const char*, const char*> parents[] = {
      {"db", "."}, {"db///", "."}, {"/db", "/"}, {"/", "/"}, {"a/db", "a"}, {"/a/b/db//", "/a/b"}};
  for (const auto& [directory, parent] : parents) {
    std::vector<std::string> synced;
    files_.set_hook([&synced](const FileEvent& event) -> Status {
      // Another process is faster.
      if (event.call == FileCall::kCreateDirectory)
        return Fail(ErrnoError(EEXIST, "mkdir", event.path));
      if (event.call == FileCall::kSyncDirectory) synced.push_back(event.path);
      return {};
    });
    static_cast<void>(PrepareDirectory(files_, directory, true));
    files_.set_hook({});
    EXPECT_EQ(synced, std::vector<std::string>{parent}) << directory;
  }
  files_.set_hook([](const FileEvent& event) -> Status {
    if (event.call != FileCall::kCreateDirectory) return {};
    return Fail(ErrnoError(EEXIST, "mkdir", event.path));
  });
  EXPECT_TRUE(PrepareDirectory(files_, "db", true));
  files_.set_hook({});
}

TEST_F(DirectoryTest, OnlyFilesOfOurKindsAreDebris) {
  const ListedFiles listed(ManifestState(), FileNumber(4));
  for (const char* name :
       {"notes.txt", "", "000001.sst.old", "LOCK", "CURRENT", "IDENTITY", "MANIFEST-000004"}) {
    EXPECT_FALSE(listed.IsDebris(name)) << name;
  }
  for (const char* name : {"CURRENT.tmp", "000001.sst", "000001.wal", "MANIFEST-000003"}) {
    EXPECT_TRUE(listed.IsDebris(name)) << name;
  }
}

// There was no space for a reserve when it was opened, so that its manifest begins with one
// segment; the next one was listed later, entered, and written to.
TEST_F(DirectoryTest, AManifestThatLostTheListingOfASegmentInUseIsCorruption) {
  std::set<std::string> segments;
  files_.set_hook([&segments](const FileEvent& event) -> Status {
    if (!event.path.ends_with(".wal") || event.call != FileCall::kOpen) return {};
    segments.insert(event.path);
    if (event.path == *segments.begin()) return {};
    return Fail(Error(ErrorCode::kNoSpace, "full").At(event.path));
  });
  auto db = Open(LogOnly());
  ASSERT_TRUE(db);
  const std::string path = ManifestPath();
  const Bytes first = files_.Content(path);
  ASSERT_EQ(NamesOf(FileKind::kSegment).size(), 1U);
  const std::string begun = NamesOf(FileKind::kSegment).at(0);
  files_.set_hook({});
  Model files;
  for (int i = 0; files.size() == 0; ++i) {
    ASSERT_LT(i, 1000);
    Fill(*db, i, i + 1);
    for (const auto& [name, content] : FilesNow()) {
      if (!name.ends_with(".wal") || name == begun) continue;
      if (content.size() < wal::kSegmentHeaderSize) continue;  // it is being made
      const Bytes items = content.substr(wal::kSegmentHeaderSize);
      if (items.find_first_not_of('\0') != Bytes::npos) files = FilesNow();
    }
  }
  db.reset();
  RestoreFiles(files);
  EXPECT_TRUE(VerifyDatabase(files_, "db")->damage.empty());
  files[path.substr(path.find('/') + 1)] = first;
  RestoreFiles(files);
  const auto report = VerifyDatabase(files_, "db");
  ASSERT_TRUE(report);
  const auto opened = TryOpen(LogOnly());
  ASSERT_FALSE(opened);
  ASSERT_EQ(report->damage.size(), 1U);
  for (const Error& error : {report->damage.at(0), opened.error()}) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruption);
    EXPECT_EQ(error.path(), path);
    EXPECT_EQ(error.offset(), first.size());
    EXPECT_NE(error.message().find("is not listed"), std::string::npos) << error.message();
  }
  EXPECT_TRUE(FilesNow() == files);
}

TEST_F(DirectoryTest, OpensThatCrashOverAndOverDoNotPileUpFiles) {
  const Model files = CrashedAfterRotation();
  for (int calls = 0;; ++calls) {
    RestoreFiles(files);
    bool opened = false;
    std::size_t most = 0;
    for (int life = 0; life < 6 && !opened; ++life) {
      CrashAfter(calls);
      opened = TryOpen().has_value();  // tables too: the memtable is small
      files_.set_hook({});
      // Of one life each: tables, a segment, a manifest, a temporary file; and an empty one of the
      // life before.
      if (life == 0) most = Names().size() + 3;
      if (life == 1) most = std::max(most, Names().size() + 1);
      ASSERT_LE(Names().size(), most) << calls << " in life " << life;
    }
    if (opened) break;
    ASSERT_LT(calls, 2000);
  }
}

TEST_F(DirectoryTest, AFailedOpenTakesBackTheFilesItMade) {
  const Model files = CrashedAfterRotation();
  for (const bool to_tables : {false, true}) {
    const Options options = to_tables ? SmallOptions() : LogOnly();
    int failures = 0;
    for (int n = 0;; ++n) {
      RestoreFiles(files);
      files_.SetContent("db/LOCK", "");
      int left = n;
      bool failed = false;
      bool published = false;
      files_.set_hook([&](const FileEvent& event) -> Status {
        if (event.call == FileCall::kRename) published = true;
        const bool changes = event.call == FileCall::kWrite || event.call == FileCall::kSync ||
                             event.call == FileCall::kSyncDirectory ||
                             event.call == FileCall::kOpen;
        if (!changes || left-- != 0) return {};
        failed = true;
        return Fail(Error(ErrorCode::kIo, "injected").At(event.path));
      });
      const auto opened = TryOpen(options);
      files_.set_hook({});
      if (!failed || published) break;
      if (opened) continue;  // it made do without
      ++failures;
      ASSERT_TRUE(FilesNow() == files) << n;
    }
    EXPECT_GT(failures, 10);
  }
}

TEST_F(DirectoryTest, ARefusedDirectoryIsGivenNoLock) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  const Model sound = FilesNow();
  const auto expect = [this](ErrorCode code) {
    const std::vector<std::string> before = Names();
    EXPECT_EQ(OpenError(), code);
    EXPECT_EQ(VerifyDatabase(files_, "db").error().code(), code);
    EXPECT_EQ(Names(), before);
  };
  RestoreFiles(sound);
  ASSERT_FALSE(*files_.Exists("db/LOCK"));
  EXPECT_TRUE(VerifyDatabase(files_, "db"));
  EXPECT_FALSE(*files_.Exists("db/LOCK"));

  files_.SetContent("db/IDENTITY", EncodeIdentity({.high = 1, .low = 2}));
  expect(ErrorCode::kRefused);
  ASSERT_TRUE(files_.Remove("db/IDENTITY"));
  expect(ErrorCode::kCorruption);
  RestoreFiles(sound);
  files_.SetContent("db/CURRENT", "MANIFEST-000001\n");
  expect(ErrorCode::kCorruption);
  RestoreFiles(sound);
  files_.SetContent("db/9999999999999999999.sst", "from far away");
  expect(ErrorCode::kRefused);

  // Half made, by somebody else.
  RestoreFiles({{"IDENTITY", "somebody else's file"}});
  const std::vector<std::string> before = Names();
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  EXPECT_EQ(Names(), before);
}

TEST_F(DirectoryTest, VerifyRespectsALockThatIsHeld) {
  auto db = Open();
  EXPECT_EQ(VerifyDatabase(files_, "db").error().code(), ErrorCode::kBusy);
  ASSERT_TRUE(db->Close());
  EXPECT_TRUE(VerifyDatabase(files_, "db"));
}

TEST_F(DirectoryTest, AFileNumberAboveAllOfOursIsRefusedByName) {
  ASSERT_TRUE(Open()->Put(sync_, "a", "1"));
  for (const char* name :
       {"4611686018427387905.sst", "9999999999999999999.wal", "MANIFEST-18446744073709551615"}) {
    const std::string path = env::JoinPath("db", name);
    files_.SetContent(path, "far");
    const auto opened = TryOpen();
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code(), ErrorCode::kRefused);
    EXPECT_EQ(opened.error().path(), path);
    ASSERT_TRUE(files_.Remove(path));
  }
  // The greatest that is ours leaves none to give; it changes nothing.
  files_.SetContent("db/4611686018427387904.sst", "far");
  EXPECT_EQ(OpenError(), ErrorCode::kRefused);
  ASSERT_TRUE(files_.Remove("db/4611686018427387904.sst"));
  // Numbers of 19 digits go on for long.
  files_.SetContent("db/1000000000000000000.sst", "far");
  for (int life = 0; life < 3; ++life) EXPECT_EQ(*Open()->Get({}, "a"), Bytes("1"));
  EXPECT_FALSE(*files_.Exists("db/1000000000000000000.sst"));
}

TEST_F(DirectoryTest, ATornLogEndIsReported) {
  auto db = Open(LogOnly());
  Fill(*db, 0, 2);
  Model files = FilesNow();
  db.reset();
  RestoreFiles(files);
  EXPECT_FALSE(VerifyDatabase(files_, "db")->log_torn);
  ASSERT_TRUE(Open(LogOnly()));
  EXPECT_EQ(events_.Named("open.recovered").back().numbers.at("torn"), 0U);

  // The newest flight, which nothing vouches for, is cut in the middle.
  for (auto& [name, content] : files) {
    if (!name.ends_with(".wal")) continue;
    content[2 * wal::kBlockSize + 500] = 'x';
  }
  RestoreFiles(files);
  EXPECT_TRUE(VerifyDatabase(files_, "db")->log_torn);
  db = Open(LogOnly());
  ASSERT_TRUE(db);
  EXPECT_EQ(events_.Named("open.recovered").back().numbers.at("torn"), 1U);
  EXPECT_EQ(Scan(*db).size(), 1U);
}

TEST_F(DirectoryTest, FailedCreationsDoNotPileUpFiles) {
  for (int i = 0; i < 10; ++i) {
    SetHook(FileCall::kRename, "CURRENT", ErrorCode::kIo);
    EXPECT_EQ(OpenError(), ErrorCode::kIo);
    files_.set_hook({});
    EXPECT_LE(NamesOf(FileKind::kManifest).size(), 1U);
  }
  EXPECT_TRUE(Open());
}

}  // namespace
}  // namespace beach::engine
