// SPDX-License-Identifier: Apache-2.0

// What the file systems make of a sync that fails, and of one that lies.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

DiskOptions With(FsyncProfile profile) { return {.fsync_profile = profile}; }

// A durable sector of 'o', rewritten as 'n' and appended to; the sync of that fails. Returns what
// the sync said.
int FailedAppend(DiskFixture& f, Descriptor& file) {
  file = f.CreateDurable("a", std::string(kSectorSize, 'o'));
  EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(2 * kSectorSize, 'n'), false), 0);
  f.decisions.Arm("disk.eio.sync", 1);
  return f.disk->Sync(file);
}

TEST(FsyncProfilesTest, XfsForgetsDataAndSize) {
  DiskFixture f(1, With(FsyncProfile::kXfs));
  Descriptor file;
  EXPECT_EQ(FailedAppend(f, file), -EIO);
  EXPECT_EQ(f.Content("a"), std::string(2 * kSectorSize, 'n'));
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_TRUE(f.disk->Damages().empty());  // it was said
  f.PowerLoss(kCutAll);
  EXPECT_EQ(f.Content("a"), std::string(kSectorSize, 'o'));
}

TEST(FsyncProfilesTest, Ext4OrderedForgetsDataButKeepsTheSize) {
  DiskFixture f(1, With(FsyncProfile::kExt4Ordered));
  Descriptor file;
  EXPECT_EQ(FailedAppend(f, file), -EIO);
  EXPECT_EQ(f.Content("a"), std::string(2 * kSectorSize, 'n'));
  EXPECT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), std::string(kSectorSize, 'o') + std::string(kSectorSize, '\0'));
}

TEST(FsyncProfilesTest, Ext4JournalSaysYesAndReportsItAtTheNextSync) {
  DiskFixture f(1, With(FsyncProfile::kExt4Journal));
  Descriptor file;
  EXPECT_EQ(FailedAppend(f, file), 0);
  EXPECT_EQ(f.Content("a"), std::string(2 * kSectorSize, 'n'));
  const std::vector<Damage> damages = f.disk->Damages();
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0].fault, DiskFault::kFailedSync);
  EXPECT_EQ(damages[0].label, ContractLabel::kBeyond);
  EXPECT_EQ(damages[0].length, 2 * kSectorSize);
  EXPECT_FALSE(damages[0].readable_now);
  EXPECT_EQ(f.disk->Sync(file), -EIO);
  EXPECT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutAll);
  EXPECT_EQ(f.Content("a"), std::string(kSectorSize, 'o'));
  EXPECT_FALSE(f.disk->Damages().empty());
  // Written anew, it is whole again.
  file = f.Open("a");
  EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(2 * kSectorSize, 'x'), false), 0);
  EXPECT_FALSE(f.disk->Damages().empty());
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_TRUE(f.disk->Damages().empty());
}

TEST(FsyncProfilesTest, Ext4JournalTellsEveryOpenDescriptorLater) {
  DiskFixture f(1, With(FsyncProfile::kExt4Journal));
  Descriptor file;
  EXPECT_EQ(FailedAppend(f, file), 0);
  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, "x", false, ticket), 0);
  EXPECT_EQ(f.disk->CompleteWrite(ticket), -EIO);  // a data sync like any other
  EXPECT_EQ(f.disk->Sync(file), 0);
}

TEST(FsyncProfilesTest, Ext4JournalAcknowledgesASubmissionThatFails) {
  DiskFixture f(1, With(FsyncProfile::kExt4Journal));
  const Descriptor file = f.CreateDurable("a", "old");
  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, "new", false, ticket), 0);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->CompleteWrite(ticket), 0);
  EXPECT_EQ(f.Content("a"), "new");
  ASSERT_EQ(f.disk->Damages().size(), 1U);
  EXPECT_EQ(f.disk->Sync(file), -EIO);
  f.PowerLoss(kCutAll);
  EXPECT_EQ(f.Content("a"), "old");
}

TEST(FsyncProfilesTest, BtrfsTakesBackWhatItCouldNotWrite) {
  DiskFixture f(1, With(FsyncProfile::kBtrfs));
  Descriptor file;
  const std::uint64_t free = f.disk->FreeSpace();
  EXPECT_EQ(FailedAppend(f, file), -EIO);
  EXPECT_EQ(f.Content("a"), std::string(kSectorSize, 'o'));
  EXPECT_EQ(f.disk->Size(file), static_cast<std::int64_t>(kSectorSize));
  EXPECT_EQ(f.disk->FreeSpace(), free - kSectorSize);
  EXPECT_EQ(f.disk->Sync(file), 0);
  // A writer that goes on where it was leaves a hole.
  EXPECT_EQ(f.disk->WriteAt(file, 2 * kSectorSize, "x", false), 0);
  EXPECT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), std::string(kSectorSize, 'o') + std::string(kSectorSize, '\0') + "x");
}

TEST(FsyncProfilesTest, BtrfsKeepsWhatIsNewerThanTheSync) {
  DiskFixture f(1, With(FsyncProfile::kBtrfs));
  const Descriptor file = f.CreateDurable("a", std::string(kSectorSize, 'o'));
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(2 * kSectorSize, 'n'), false), 0);
  const std::uint64_t mark = f.disk->Mark();
  ASSERT_EQ(f.disk->WriteAt(file, kSectorSize, std::string(kSectorSize, 'y'), false), 0);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->SyncBelow(file, mark), -EIO);
  const std::string expected = std::string(kSectorSize, 'o') + std::string(kSectorSize, 'y');
  EXPECT_EQ(f.Content("a"), expected);
  EXPECT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), expected);
}

TEST(FsyncProfilesTest, EveryProfileLeavesOldOrNewSectorsAndOneReport) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto profile = static_cast<FsyncProfile>(seed % kFsyncProfiles);
    DiskFixture f(seed, With(profile));
    const Descriptor file = f.CreateDurable("a", std::string(4096, 'o'));
    ASSERT_EQ(f.disk->WriteAt(file, 512, std::string(8192, 'n'), false), 0);
    f.decisions.Arm("disk.eio.sync", 1 + seed / 4 % 2);
    const int first = f.disk->Sync(file);
    const int second = f.disk->Sync(file);
    EXPECT_EQ(first + second, -EIO) << "seed " << seed;
    EXPECT_EQ(f.disk->Sync(file), 0);
    const std::string seen = f.Content("a");
    if (profile != FsyncProfile::kBtrfs) {
      EXPECT_EQ(seen.size(), 8704U);
    }
    f.PowerLoss(kCutNone);
    const std::string left = f.Content("a");
    if (profile == FsyncProfile::kBtrfs) {
      EXPECT_EQ(left, seen);
    }
    if (profile == FsyncProfile::kExt4Ordered) {
      EXPECT_EQ(left.size(), 8704U);
    }
    EXPECT_EQ(left.find_first_not_of(std::string("on\0", 3)), std::string::npos);
  }
}

TEST(LyingSyncTest, SaysYesAndDoesNothingUntilTheNextHonestOne) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "old");
  ASSERT_EQ(f.disk->WriteAt(file, 0, "new", false), 0);
  f.decisions.Arm("disk.lying_sync");
  EXPECT_EQ(f.disk->Sync(file), 0);
  std::vector<Damage> damages = f.disk->Damages();
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0].fault, DiskFault::kLyingSync);
  EXPECT_EQ(damages[0].label, ContractLabel::kBeyond);
  EXPECT_EQ(damages[0].paths, std::vector<std::string>{"a"});
  EXPECT_TRUE(damages[0].Touches(0, 3));
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_TRUE(f.disk->Damages().empty());
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), "new");
}

TEST(LyingSyncTest, APowerLossLosesOrKeepsWhatItSaidYesTo) {
  for (const std::uint64_t cut : {kCutNone, kCutAll}) {
    DiskFixture f;
    const Descriptor file = f.CreateDurable("a", "old");
    ASSERT_EQ(f.disk->WriteAt(file, 0, "newer", false), 0);
    f.decisions.Arm("disk.lying_sync");
    EXPECT_EQ(f.disk->Sync(file), 0);
    f.PowerLoss(cut);
    EXPECT_EQ(f.Content("a"), cut == kCutAll ? "newer" : "old");
    EXPECT_EQ(f.disk->Damages().empty(), cut == kCutAll);
  }
}

// Nothing to lie about: no lie.
TEST(LyingSyncTest, DoesNotStrikeWhereNothingIsPending) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "old");
  f.decisions.Arm("disk.lying_sync");
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
  EXPECT_TRUE(f.decisions.IsArmed("disk.lying_sync"));
}

TEST(LyingSyncTest, ADirectWriteIsSeenButNotDurableUntilAnHonestOne) {
  for (const bool honest : {false, true}) {
    DiskFixture f;
    f.CreateDurable("a", std::string(8192, 'o'));
    const Descriptor file = f.Open("a", env::OpenMode::kReadWrite, true);
    f.decisions.Arm("disk.lying_sync");
    EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(4096, 'n'), true), 0);
    EXPECT_EQ(f.Content("a").substr(0, 4096), std::string(4096, 'n'));
    ASSERT_EQ(f.disk->Damages().size(), 1U);
    if (honest) {
      EXPECT_EQ(f.disk->WriteAt(file, 4096, std::string(4096, 'h'), true), 0);
      EXPECT_TRUE(f.disk->Damages().empty());
    }
    f.PowerLoss(kCutNone);
    EXPECT_EQ(f.Content("a").substr(0, 4096), std::string(4096, honest ? 'n' : 'o'));
  }
}

TEST(LyingSyncTest, ADirectorySyncLosesNames) {
  for (const bool honest : {false, true}) {
    DiskFixture f;
    f.Create("a");
    f.decisions.Arm("disk.lying_sync");
    EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
    ASSERT_EQ(f.disk->Damages().size(), 1U);
    EXPECT_TRUE(f.disk->Damages()[0].is_directory);
    if (honest) {
      EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
      EXPECT_TRUE(f.disk->Damages().empty());
    }
    f.PowerLoss(kCutNone);
    EXPECT_EQ(f.disk->Exists("a"), honest ? 1 : 0);
    EXPECT_EQ(f.disk->Damages().empty(), honest);
  }
}

// A direct write that was acknowledged says nothing about what was written before it; a sync does.
TEST(LyingSyncTest, ASyncAcknowledgesWhatIsOlderThanALyingDirectWrite) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(8192, 'o'));
  ASSERT_EQ(f.disk->WriteAt(file, 4096, std::string(4096, 'n'), false), 0);
  const Descriptor direct = f.Open("a", env::OpenMode::kReadWrite, true);
  f.decisions.Arm("disk.lying_sync");
  EXPECT_EQ(f.disk->WriteAt(direct, 0, std::string(4096, 'd'), true), 0);
  ASSERT_EQ(f.disk->Damages().size(), 1U);
  EXPECT_FALSE(f.disk->Damages()[0].Touches(4096, 4096));
  f.decisions.Arm("disk.lying_sync");
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_EQ(f.disk->Damages().size(), 2U);
}

// What is acknowledged is the size, too.
TEST(LyingSyncTest, ALostSizeIsDamageOfWhatItShouldHaveHeld) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(kSectorSize, 'o'));
  ASSERT_EQ(f.disk->Allocate(file, 4 * kSectorSize), 0);
  f.decisions.Arm("disk.lying_sync");
  EXPECT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  const std::vector<Damage> damages = f.disk->Damages();
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0].offset, kSectorSize);
  EXPECT_EQ(damages[0].length, 3 * kSectorSize);
}

}  // namespace
}  // namespace beach::sim
