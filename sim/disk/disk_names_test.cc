// SPDX-License-Identifier: Apache-2.0

// Names: what programs see, what a directory sync covers, what a cut may not take apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DiskNamesTest, DirectorySyncCoversCreateRemoveAndRename) {
  DiskFixture f;
  f.CreateDurable("a", "a");
  f.CreateDurable("b", "b");
  f.Create("c");
  ASSERT_EQ(f.disk->Remove("a"), 0);
  ASSERT_EQ(f.disk->Rename("b", "d"), 0);
  ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
  EXPECT_EQ(f.PowerLoss(kCutNone).operations_pending, 0U);
  EXPECT_THAT(f.List("/"), ElementsAre("c", "d"));
  EXPECT_EQ(f.Content("d"), "b");
}

TEST(DiskNamesTest, RenameOverAFileKeepsEither) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    DiskFixture f(seed);
    f.CreateDurable("CURRENT", "old");
    f.CreateDurable("CURRENT.next", "new");
    ASSERT_EQ(f.disk->Rename("CURRENT.next", "CURRENT"), 0);
    EXPECT_EQ(f.Content("CURRENT"), "new");
    f.PowerLoss(kCutMix);
    const std::string content = f.Content("CURRENT");
    EXPECT_EQ(f.disk->Exists("CURRENT.next"), content == "old" ? 1 : 0);
    seen.insert(content);
  }
  EXPECT_THAT(seen, ElementsAre("new", "old"));
}

TEST(DiskNamesTest, RenameAcrossDirectoriesIsAtomicAndEitherSyncCoversIt) {
  for (const char* synced : {"x", "y"}) {
    DiskFixture f;
    ASSERT_EQ(f.disk->CreateDirectory("x"), 0);
    ASSERT_EQ(f.disk->CreateDirectory("y"), 0);
    ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
    f.disk->Close(f.Create("x/a"));
    ASSERT_EQ(f.disk->Rename("x/a", "y/b"), 0);
    ASSERT_EQ(f.disk->SyncDirectory(synced), 0);
    f.PowerLoss(kCutNone);
    EXPECT_THAT(f.List("x"), IsEmpty()) << synced;
    EXPECT_THAT(f.List("y"), ElementsAre("b")) << synced;
  }
}

TEST(DiskNamesTest, FileInADirectoryWithoutADurableNameIsLost) {
  DiskFixture f;
  ASSERT_EQ(f.disk->CreateDirectory("db"), 0);
  const Descriptor file = f.Create("db/CURRENT");
  ASSERT_EQ(f.disk->Append(file, "x"), 0);
  ASSERT_EQ(f.disk->Sync(file), 0);
  ASSERT_EQ(f.disk->SyncDirectory("db"), 0);
  f.PowerLoss(kCutNone);
  EXPECT_THAT(f.List("/"), IsEmpty());
  EXPECT_EQ(f.disk->FreeSpace(), DiskOptions{}.capacity_bytes);
}

TEST(DiskNamesTest, MoveIntoANewDirectoryNeverLosesTheFile) {
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    DiskFixture f(seed);
    f.CreateDurable("a", "precious");
    ASSERT_EQ(f.disk->CreateDirectory("new"), 0);
    ASSERT_EQ(f.disk->CreateDirectory("new/er"), 0);
    ASSERT_EQ(f.disk->Rename("a", "new/er/a"), 0);
    if (seed % 2 == 0) {
      ASSERT_EQ(f.disk->SyncDirectory("new/er"), 0);
    }
    f.PowerLoss(seed % 8);
    const bool moved = f.disk->Exists("new/er/a") == 1;
    EXPECT_EQ(f.Content(moved ? "new/er/a" : "a"), "precious") << seed;
    EXPECT_TRUE(moved || seed % 2 == 1);
  }
}

TEST(DiskNamesTest, MovedDirectoriesStayReachable) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    DiskFixture f(seed);
    ASSERT_EQ(f.disk->CreateDirectory("A"), 0);
    ASSERT_EQ(f.disk->CreateDirectory("A/B"), 0);
    ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
    ASSERT_EQ(f.disk->SyncDirectory("A"), 0);
    ASSERT_EQ(f.disk->Rename("A/B", "B"), 0);
    ASSERT_EQ(f.disk->Rename("A", "B/A"), 0);
    f.PowerLoss(seed % 8);
    EXPECT_EQ(
        f.disk->Exists("A/B") + f.disk->Exists("B/A") + (f.disk->Exists("A") * f.disk->Exists("B")),
        1)
        << seed;
  }
}

TEST(DiskNamesTest, RemovedDirectoryWaitsForWhatLeftIt) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFixture f(seed);
    ASSERT_EQ(f.disk->CreateDirectory("d"), 0);
    f.disk->Close(f.Create("d/a"));
    ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
    ASSERT_EQ(f.disk->SyncDirectory("d"), 0);
    ASSERT_EQ(f.disk->Rename("d/a", "a"), 0);
    ASSERT_EQ(f.disk->RemoveDirectory("d"), 0);
    f.PowerLoss(seed % 8);
    EXPECT_EQ(f.disk->Exists("d/a") + f.disk->Exists("a"), 1) << seed;
  }
}

TEST(DiskNamesTest, LinkThenRemoveNeverLosesBothNames) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFixture f(seed);
    f.CreateDurable("a", "x");
    ASSERT_EQ(f.disk->Link("a", "b"), 0);
    ASSERT_EQ(f.disk->Remove("a"), 0);
    f.PowerLoss(seed % 8);
    EXPECT_GE(f.disk->Exists("a") + f.disk->Exists("b"), 1) << seed;
  }
}

TEST(DiskNamesTest, RemovedFileLivesWhileOpen) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "still here");
  ASSERT_EQ(f.disk->Remove("a"), 0);
  char bytes[10];
  EXPECT_EQ(f.disk->ReadAt(file, 0, bytes, 10), 10);
  EXPECT_EQ(f.disk->Exists("a"), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), "still here");  // its removal was not synced
}

TEST(DiskNamesTest, NamesInOrderSurviveAsAPrefix) {
  std::set<std::size_t> kept_in_order, holes;
  for (const bool in_order : {true, false}) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      DiskFixture f(seed, {.names_in_order = in_order});
      const std::vector<std::string> names = {"a", "d/b", "c", "d/e"};
      ASSERT_EQ(f.disk->CreateDirectory("d"), 0);
      ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
      for (const std::string& name : names) f.Create(name);
      f.PowerLoss(kCutMix);
      std::size_t kept = 0;
      while (kept < names.size() && f.disk->Exists(names[kept]) == 1) ++kept;
      bool hole = false;
      for (std::size_t i = kept; i < names.size(); ++i) {
        hole = hole || f.disk->Exists(names[i]) == 1;
      }
      if (in_order) {
        EXPECT_FALSE(hole) << "seed " << seed;
        kept_in_order.insert(kept);
      } else if (hole) {
        holes.insert(kept);
      }
    }
  }
  EXPECT_GT(kept_in_order.size(), 2U);
  EXPECT_FALSE(holes.empty());
}

TEST(DiskNamesTest, ADiskInPlaceOfAnotherKeepsNamesInOrderToo) {
  DiskFixture f(1, {.names_in_order = true});
  f.disk->SwapForEmpty();
  ASSERT_EQ(f.disk->CreateDirectory("d"), 0);
  f.Create("a");
  f.Create("d/b");
  ASSERT_EQ(f.disk->SyncDirectory("d"), 0);
  f.PowerLoss(kCutNone);
  EXPECT_THAT(f.List("/"), ElementsAre("a", "d"));
}

TEST(DiskNamesTest, ASyncOfADirectoryWithNamesInOrderCoversEarlierOnesElsewhere) {
  DiskFixture f(1, {.names_in_order = true});
  ASSERT_EQ(f.disk->CreateDirectory("d"), 0);
  f.Create("a");
  f.Create("d/b");
  f.Create("c");
  ASSERT_EQ(f.disk->SyncDirectory("d"), 0);
  f.PowerLoss(kCutNone);
  EXPECT_THAT(f.List("/"), ElementsAre("a", "d"));
  EXPECT_THAT(f.List("d"), ElementsAre("b"));
}

TEST(DiskNamesTest, StatTellsWhatIsThereAndNothingStrikesIt) {
  DiskFixture f;
  f.decisions.SetRate("disk.eio.metadata", 1'000'000);
  f.decisions.SetRate("disk.eio.read", 1'000'000);
  FileStat stat;
  EXPECT_EQ(f.disk->Stat("/", stat), 0);
  EXPECT_TRUE(stat.is_directory);
  EXPECT_EQ(f.disk->Stat("a", stat), -ENOENT);
  EXPECT_EQ(f.disk->Stat("a/b", stat), -ENOENT);
  EXPECT_EQ(f.disk->Stat(std::string(300, 'n'), stat), -ENAMETOOLONG);

  f.decisions.SetRate("disk.eio.metadata", 0);
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->WriteAt(file, 0, Bytes(600, 'x'), false), 0);
  ASSERT_EQ(f.disk->Link("a", "b"), 0);
  ASSERT_EQ(f.disk->Stat("a", stat), 0);
  EXPECT_FALSE(stat.is_directory);
  EXPECT_EQ(stat.size_bytes, 600U);
  EXPECT_EQ(stat.allocated_bytes, 2 * kSectorSize);
  EXPECT_EQ(stat.links, 2U);
  const FileId id = stat.id;
  ASSERT_EQ(f.disk->Stat("b", stat), 0);
  EXPECT_EQ(stat.id, id);
  EXPECT_EQ(f.disk->Stat("a/b", stat), -ENOTDIR);

  ASSERT_EQ(f.disk->Remove("a"), 0);
  ASSERT_EQ(f.disk->Remove("b"), 0);
  EXPECT_EQ(f.disk->Stat(file).id, id);
  EXPECT_EQ(f.disk->Stat(file).links, 0U);
}

TEST(DiskNamesTest, ErrorsAsLinuxGivesThem) {
  DiskFixture f;
  f.disk->Close(f.Create("file"));
  ASSERT_EQ(f.disk->CreateDirectory("dir"), 0);
  f.disk->Close(f.Create("dir/inner"));
  std::vector<std::string> names;
  EXPECT_EQ(f.disk->CreateDirectory("dir"), -EEXIST);
  EXPECT_EQ(f.disk->CreateDirectory("none/dir"), -ENOENT);
  EXPECT_EQ(f.disk->RemoveDirectory("dir"), -ENOTEMPTY);
  EXPECT_EQ(f.disk->RemoveDirectory("file"), -ENOTDIR);
  EXPECT_EQ(f.disk->Remove("dir"), -EISDIR);
  EXPECT_EQ(f.disk->Remove("none"), -ENOENT);
  EXPECT_EQ(f.disk->Rename("none", "a"), -ENOENT);
  EXPECT_EQ(f.disk->Rename("file", "dir"), -EISDIR);
  EXPECT_EQ(f.disk->Rename("dir", "file"), -ENOTDIR);
  EXPECT_EQ(f.disk->Rename("dir", "dir/inside"), -EINVAL);
  EXPECT_EQ(f.disk->Rename("file", "file"), 0);
  EXPECT_EQ(f.disk->Link("file", "dir"), -EEXIST);
  EXPECT_EQ(f.disk->Link("dir", "other"), -EPERM);
  EXPECT_EQ(f.disk->List("file", names), -ENOTDIR);
  EXPECT_EQ(f.disk->List("none", names), -ENOENT);
  EXPECT_EQ(f.disk->SyncDirectory("file"), -ENOTDIR);
  EXPECT_EQ(f.disk->Exists("file/x"), -ENOTDIR);
  EXPECT_EQ(f.disk->Exists(std::string(300, 'n')), -ENAMETOOLONG);
  EXPECT_THAT(f.List("."), ElementsAre("dir", "file"));
}

}  // namespace
}  // namespace beach::sim
