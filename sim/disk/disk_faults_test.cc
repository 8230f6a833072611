// SPDX-License-Identifier: Apache-2.0

// Each fault of the disk, and what is left behind it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kBlock = 4096;

TEST(DiskFaultsTest, FailedSyncForgetsOnce) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "old");
  ASSERT_EQ(f.disk->WriteAt(file, 0, "new", false), 0);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->SyncData(file), -EIO);
  EXPECT_EQ(f.Content("a"), "new");      // the cache shows it still
  EXPECT_EQ(f.disk->SyncData(file), 0);  // nothing is dirty any more
  EXPECT_EQ(f.PowerLoss(kCutAll).operations_pending, 0U);
  EXPECT_EQ(f.Content("a"), "old");
}

TEST(DiskFaultsTest, WriteAfterAFailedSyncIsDurableByTheNextOne) {
  DiskFixture f;
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
  ASSERT_EQ(f.disk->Append(file, std::string(kSectorSize, '1')), 0);
  ASSERT_EQ(f.disk->Append(file, std::string(kSectorSize, '2')), 0);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->Sync(file), -EIO);
  ASSERT_EQ(f.disk->WriteAt(file, kSectorSize, "3", false), 0);
  EXPECT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  // The sector is written whole, its neighbour stays forgotten.
  EXPECT_EQ(f.Content("a"),
            std::string(kSectorSize, '\0') + "3" + std::string(kSectorSize - 1, '2'));
}

TEST(DiskFaultsTest, FailedSyncMayHaveWrittenSomeSectors) {
  std::set<std::size_t> written;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(kBlock, 'o'));
    ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kBlock, 'n'), false), 0);
    f.decisions.Arm("disk.eio.sync", 2);
    EXPECT_EQ(f.disk->Sync(file), -EIO);
    EXPECT_EQ(f.Content("a"), std::string(kBlock, 'n'));
    f.PowerLoss(kCutNone);
    const std::string content = f.Content("a");
    written.insert(static_cast<std::size_t>(std::count(content.begin(), content.end(), 'n')));
  }
  EXPECT_GE(written.size(), 5U);
}

TEST(DiskFaultsTest, EachDescriptorHearsOfASyncErrorOnce) {
  DiskFixture f;
  const Descriptor first = f.CreateDurable("a", "old");
  const Descriptor second = f.Open("a");
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->Sync(first), -EIO);
  EXPECT_EQ(f.disk->Sync(first), 0);
  EXPECT_EQ(f.disk->Sync(second), -EIO);
  EXPECT_EQ(f.disk->Sync(second), 0);
  EXPECT_EQ(f.disk->Sync(f.Open("a")), 0);
}

// A submitted write reports its own failure; a later sync of the same descriptor must not again.
TEST(DiskFaultsTest, FailedBufferedSubmissionIsReportedOnceToItsDescriptor) {
  DiskFixture f;
  const Descriptor first = f.CreateDurable("a", "old");
  const Descriptor second = f.Open("a");
  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(first, 0, "new", false, ticket), 0);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->CompleteWrite(ticket), -EIO);
  EXPECT_EQ(f.disk->Sync(first), 0);
  // One that shares the file hears of it once, whichever way it syncs.
  ASSERT_EQ(f.disk->SubmitWrite(second, 0, "newer", false, ticket), 0);
  EXPECT_EQ(f.disk->CompleteWrite(ticket), -EIO);
  EXPECT_EQ(f.Content("a"), "newer");
  EXPECT_EQ(f.disk->Sync(second), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), "newer");
}

TEST(DiskFaultsTest, ASubmissionOutlivesItsDescriptor) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "old");
  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, "new", false, ticket), 0);
  f.disk->Close(file);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->CompleteWrite(ticket), -EIO);
}

TEST(DiskFaultsTest, AFullDiskCountsAsAFaultAndRecovers) {
  DiskFixture f(1, {.capacity_bytes = 2 * kBlock});
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(2 * kBlock, 'x'), false), 0);
  EXPECT_EQ(f.decisions.Counted("disk.full"), 0U);
  EXPECT_EQ(f.disk->Append(file, "y"), -ENOSPC);
  EXPECT_EQ(f.disk->Allocate(file, 3 * kBlock), -ENOSPC);
  EXPECT_EQ(f.decisions.Counted("disk.full"), 2U);
  f.disk->SetCapacity(3 * kBlock);
  EXPECT_EQ(f.disk->capacity(), 3 * kBlock);
  EXPECT_EQ(f.disk->FreeSpace(), kBlock);
  EXPECT_EQ(f.disk->Append(file, "y"), 0);
  f.disk->SetCapacity(kBlock);  // less than is used
  EXPECT_EQ(f.disk->FreeSpace(), 0U);
  EXPECT_EQ(f.disk->WriteAt(file, 0, "z", false), 0);  // in place
  EXPECT_EQ(f.disk->WriteAt(file, 3 * kBlock, "z", false), -ENOSPC);
  EXPECT_EQ(f.decisions.Counted("disk.full"), 3U);
}

TEST(DiskFaultsTest, FailedWriteMayHaveWrittenAPrefix) {
  std::set<std::size_t> lengths;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.Create("a");
    f.decisions.Arm("disk.eio.write", 2);
    EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(kBlock, 'x'), false), -EIO);
    lengths.insert(f.Content("a").size());
  }
  EXPECT_GE(lengths.size(), 5U);
  DiskFixture f;
  const Descriptor file = f.Create("a");
  f.decisions.Arm("disk.eio.write", 1);
  EXPECT_EQ(f.disk->Append(file, "x"), -EIO);
  EXPECT_EQ(f.disk->Size(file), 0);
}

// A large one ends where a sector of the file does, a small one anywhere.
TEST(DiskFaultsTest, AWriteWithoutSpaceEndsSomewhere) {
  constexpr std::uint64_t kBefore = 500;
  std::set<std::uint64_t> small;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(kBefore, 'x'));
    f.decisions.Arm("disk.no_space");
    EXPECT_EQ(f.disk->Append(file, std::string(100, 'y')), -ENOSPC);
    small.insert(f.Content("a").size() - kBefore);
    f.decisions.Arm("disk.no_space");
    const std::uint64_t before = f.Content("a").size();
    EXPECT_EQ(f.disk->Append(file, std::string(kBlock, 'z')), -ENOSPC);
    const std::uint64_t after = f.Content("a").size();
    EXPECT_TRUE(after == before || after % kSectorSize == 0) << after;
    EXPECT_LT(after, before + kBlock);
  }
  EXPECT_GE(small.size(), 20U);
  EXPECT_LT(*small.rbegin(), 100U);
}

TEST(DiskFaultsTest, NoSpaceStrikesWhereRoomIsTaken) {
  DiskFixture f;
  Descriptor file;
  f.decisions.Arm("disk.no_space");
  EXPECT_EQ(f.disk->Open(kProcess, "a", {env::OpenMode::kCreate, false}, file), -ENOSPC);
  EXPECT_EQ(f.disk->Exists("a"), 0);
  file = f.Create("a");
  f.decisions.Arm("disk.no_space");
  EXPECT_EQ(f.disk->Append(file, "x"), -ENOSPC);
  f.decisions.Arm("disk.no_space");
  EXPECT_EQ(f.disk->Allocate(file, 4096), -ENOSPC);
  f.decisions.Arm("disk.no_space");
  EXPECT_EQ(f.disk->CreateDirectory("d"), -ENOSPC);
  f.decisions.Arm("disk.no_space");
  EXPECT_EQ(f.disk->Rename("a", "b"), -ENOSPC);
  EXPECT_EQ(f.disk->Rename("a", "b"), 0);
}

TEST(DiskFaultsTest, ReadErrorIsTransient) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "x");
  char byte = 0;
  f.decisions.Arm("disk.eio.read");
  EXPECT_EQ(f.disk->ReadAt(file, 0, &byte, 1), -EIO);
  EXPECT_EQ(f.disk->ReadAt(file, 0, &byte, 1), 1);
}

TEST(DiskFaultsTest, MetadataErrorsChangeNothing) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "x");
  std::vector<std::string> names;
  Descriptor other;
  const auto fails = [&f](auto call) {
    f.decisions.Arm("disk.eio.metadata");
    EXPECT_EQ(call(), -EIO);
  };
  fails([&] { return f.disk->Open(kProcess, "b", {env::OpenMode::kCreate, false}, other); });
  fails([&] { return f.disk->Exists("a"); });
  fails([&] { return f.disk->List("/", names); });
  fails([&] { return static_cast<int>(f.disk->Size(file)); });
  fails([&] { return f.disk->Remove("a"); });
  fails([&] { return f.disk->Truncate(file, 0); });
  fails([&] { return f.disk->Rename("a", "c"); });
  fails([&] { return f.disk->Link("a", "c"); });
  fails([&] { return f.disk->Lock(kProcess, "lock", other); });
  fails([&] { return f.disk->CreateDirectory("d"); });
  EXPECT_EQ(f.List("/"), std::vector<std::string>{"a"});
  EXPECT_EQ(f.Content("a"), "x");
  EXPECT_EQ(f.disk->Size(file), 1);
}

TEST(DiskFaultsTest, FailedDirectorySyncLeavesNamesPending) {
  DiskFixture f;
  f.Create("a");
  f.decisions.Arm("disk.eio.sync_directory");
  EXPECT_EQ(f.disk->SyncDirectory("/"), -EIO);
  EXPECT_EQ(f.disk->Exists("a"), 1);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.disk->Exists("a"), 0);
}

TEST(DiskFaultsTest, FailedDirectWriteLeavesOldAndNewSectorsThatProgramsSee) {
  std::set<std::size_t> written;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFixture f(seed);
    f.CreateDurable("a", std::string(kBlock, 'o'));
    const Descriptor file = f.Open("a", env::OpenMode::kReadWrite, true);
    WriteTicket ticket;
    ASSERT_EQ(f.disk->SubmitWrite(file, 0, std::string(kBlock, 'n'), true, ticket), 0);
    f.decisions.Arm("disk.eio.sync", 2);
    EXPECT_EQ(f.disk->CompleteWrite(ticket), -EIO);
    const std::string content = f.Content("a");
    written.insert(static_cast<std::size_t>(std::count(content.begin(), content.end(), 'n')));
    f.PowerLoss(kCutNone);
    EXPECT_EQ(f.Content("a"), content);
  }
  EXPECT_GE(written.size(), 5U);
}

TEST(DiskFaultsTest, FailedBufferedSubmissionIsCachedButForgotten) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "old");
  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, "new", true, ticket), 0);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(f.disk->CompleteWrite(ticket), -EIO);
  EXPECT_EQ(f.Content("a"), "new");
  f.PowerLoss(kCutAll);
  EXPECT_EQ(f.Content("a"), "old");
}

TEST(DiskFaultsTest, NoSpaceAtASyncForgetsLikeAFailedOne) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "old");
  const Descriptor other = f.Open("a");
  f.decisions.Arm("disk.no_space.sync");
  EXPECT_EQ(f.disk->Sync(file), 0);  // nothing to find room for
  ASSERT_EQ(f.disk->WriteAt(file, 0, "new", false), 0);
  EXPECT_EQ(f.disk->Sync(file), -ENOSPC);
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_EQ(f.disk->Sync(other), -ENOSPC);
  EXPECT_EQ(f.Content("a"), "new");
  EXPECT_EQ(f.disk->Remove("a"), 0);
  EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
}

TEST(DiskFaultsTest, NoSpaceAtASyncSparesDataJournal) {
  DiskFixture f(1, {.fsync_profile = FsyncProfile::kExt4Journal});
  const Descriptor file = f.CreateDurable("a", "old");
  ASSERT_EQ(f.disk->WriteAt(file, 0, "new", false), 0);
  f.decisions.Arm("disk.no_space.sync");
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_TRUE(f.decisions.IsArmed("disk.no_space.sync"));
}

// However little room there is, and whatever is refused for want of it: what is there can go.
TEST(DiskFaultsTest, DeletesAreAlwaysPossible) {
  DiskFixture f(1, {.capacity_bytes = kBlock});
  const Descriptor file = f.CreateDurable("a", std::string(kBlock, 'x'));
  ASSERT_EQ(f.disk->CreateDirectory("d"), 0);
  f.disk->SetCapacity(0);
  for (const char* site : {"disk.no_space", "disk.no_space.sync"}) {
    f.decisions.SetRate(site, 1'000'000);
  }
  EXPECT_EQ(f.disk->Truncate(file, 0), 0);
  f.disk->Close(file);
  EXPECT_EQ(f.disk->Remove("a"), 0);
  EXPECT_EQ(f.disk->RemoveDirectory("d"), 0);
  EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
}

TEST(DiskFaultsTest, ShortReadsAndWritesDoAPart) {
  std::set<std::int64_t> counts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.Create("a");
    f.decisions.Arm("disk.short_write");
    const std::int64_t written = f.disk->WriteSome(file, 0, std::string(1000, 'x'), false);
    EXPECT_GE(written, 1);
    EXPECT_LT(written, 1000);
    EXPECT_EQ(f.disk->Size(file), written);
    ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(1000, 'x'), false), 0);
    char bytes[1000];
    bool cut_short = false;
    f.decisions.Arm("disk.short_read");
    const std::int64_t got = f.disk->ReadSome(file, 0, bytes, 1000, cut_short);
    EXPECT_TRUE(cut_short);
    EXPECT_GE(got, 1);
    EXPECT_LT(got, 1000);
    counts.insert(got);
    EXPECT_EQ(f.disk->ReadSome(file, 500, bytes, 1000, cut_short), 500);
    EXPECT_FALSE(cut_short);  // the end of file is no fault
    f.decisions.Arm("disk.short_read");
    EXPECT_EQ(f.disk->ReadAt(file, 0, bytes, 1000), 1000);
  }
  EXPECT_GE(counts.size(), 20U);
}

TEST(DiskFaultsTest, ShortDirectWritesAreWholeBlocksAndDurable) {
  DiskFixture f;
  f.Create("a");
  ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
  const Descriptor file = f.Open("a", env::OpenMode::kReadWrite, true);
  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, std::string(4 * kBlock, 'x'), true, ticket), 0);
  f.decisions.Arm("disk.short_write");
  const std::int64_t left = f.disk->CompleteWrite(ticket);
  ASSERT_GT(left, 0);
  EXPECT_EQ(left % std::int64_t{kBlock}, 0);
  EXPECT_EQ(f.disk->WritesInFlight(), 1U);
  EXPECT_EQ(f.disk->Size(file) + left, std::int64_t{4 * kBlock});
  EXPECT_EQ(f.disk->CompleteWrite(ticket), 0);
  EXPECT_EQ(f.disk->WritesInFlight(), 0U);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), std::string(4 * kBlock, 'x'));
}

TEST(DiskFaultsTest, AReadOnlyFileSystemRefusesAllChangesUntilPowerReturns) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "old");
  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, "fly", false, ticket), 0);
  f.decisions.Arm("disk.read_only");
  EXPECT_EQ(f.disk->WriteAt(file, 0, "new", false), -EROFS);
  Descriptor other;
  EXPECT_EQ(f.disk->CompleteWrite(ticket), -EROFS);
  EXPECT_EQ(f.disk->Sync(file), -EROFS);
  EXPECT_EQ(f.disk->SyncDirectory("/"), -EROFS);
  EXPECT_EQ(f.disk->Truncate(file, 0), -EROFS);
  EXPECT_EQ(f.disk->Allocate(file, 10), -EROFS);
  EXPECT_EQ(f.disk->Rename("a", "b"), -EROFS);
  EXPECT_EQ(f.disk->Link("a", "b"), -EROFS);
  EXPECT_EQ(f.disk->Remove("a"), -EROFS);
  EXPECT_EQ(f.disk->CreateDirectory("d"), -EROFS);
  EXPECT_EQ(f.disk->Open(kProcess, "b", {env::OpenMode::kCreate, false}, other), -EROFS);
  EXPECT_EQ(f.disk->Open(kProcess, "a", {env::OpenMode::kReadWrite, false}, other), -EROFS);
  EXPECT_EQ(f.disk->Lock(kProcess, "lock", other), -EROFS);
  EXPECT_EQ(f.decisions.Counted("disk.read_only"), 12U);
  // Reads go on, and a new process finds it no better.
  char bytes[3];
  EXPECT_EQ(f.disk->ReadAt(f.Open("a", env::OpenMode::kRead), 0, bytes, 3), 3);
  f.disk->KillProcess(kProcess);
  EXPECT_EQ(f.disk->Remove("a"), -EROFS);
  f.PowerLoss(kCutAll);
  EXPECT_EQ(f.Content("a"), "old");
  EXPECT_EQ(f.disk->Remove("a"), 0);
}

TEST(DiskFaultsTest, ASlowDiskIsSlowerAndAStalledOneMuchSlower) {
  DiskFixture usual;
  DiskFixture slow(1, {.latency_percent = 1000});
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t latency = usual.disk->DrawLatency("disk.latency.write", 100, 200);
    EXPECT_EQ(slow.disk->DrawLatency("disk.latency.write", 100, 200), latency * 10);
  }
  EXPECT_FALSE(usual.disk->ReadsTakeTime());
  EXPECT_TRUE(slow.disk->ReadsTakeTime());
  std::set<std::uint64_t> stalls;
  for (int i = 0; i < 200; ++i) {
    usual.decisions.Arm("disk.stall");
    const std::uint64_t latency = usual.disk->DrawLatency("disk.latency.write", 100, 200);
    EXPECT_GE(latency, 1'000'000U);
    stalls.insert(latency / 1'000'000);
  }
  EXPECT_EQ(*stalls.rbegin(), 8192U);
  EXPECT_GE(stalls.size(), 12U);
  EXPECT_TRUE(usual.disk->ReadsTakeTime());
}

}  // namespace
}  // namespace beach::sim
