// SPDX-License-Identifier: Apache-2.0

// Power, and what programs get of it, without FUSE.
#include "crash/power/machine.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "crash/power/posix_disk.h"
#include "env/os/os_clock.h"
#include "env/threads.h"

namespace beach::crash {
namespace {

struct MachineTest : testing::Test {
  HandleId Create(const std::string& path, int flags = O_RDWR) {
    HandleId handle;
    EXPECT_EQ(disk.Create(caller, path, flags, 0640, handle), 0) << path;
    return handle;
  }
  std::string Content(const std::string& path) {
    HandleId handle;
    if (disk.Open(caller, path, O_RDONLY, handle) != 0) return "(none)";
    std::string content(100, '\0');
    const std::int64_t got = disk.Read(caller, handle, 0, content.data(), content.size());
    EXPECT_EQ(disk.Close(handle), 0);
    return got < 0 ? "(error)" : content.substr(0, static_cast<std::size_t>(got));
  }
  void AwaitWaiting(std::uint64_t count) {
    while (machine.GetStatus().waiting != count) clock.SleepUntil(clock.MonotonicNow() + 1'000'000);
  }
  void SyncRoot() {
    HandleId root;
    ASSERT_EQ(disk.OpenDirectory(caller, "/", root), 0);
    ASSERT_EQ(disk.SyncDirectory(caller, root), 0);
    ASSERT_EQ(disk.Close(root), 0);
  }

  env::OsClock clock;
  std::atomic<std::uint64_t> changes{0};
  Machine machine{{.seed = 3}, clock, [this] { ++changes; }};
  PosixDisk disk{machine};
  std::atomic<bool> is_killed{false};
  Caller caller{.user = 5, .group = 6, .killed = [this] { return is_killed.load(); }};
};

TEST_F(MachineTest, RequestsWaitForPowerThenFailAndOldHandlesAreDead) {
  const HandleId file = Create("/f");
  ASSERT_TRUE(machine.Cut());
  EXPECT_EQ(changes, 1U);
  std::atomic<int> answer{1};
  env::Thread waits("waits", [&] { answer = disk.Sync(caller, file); });
  AwaitWaiting(1);
  EXPECT_EQ(answer, 1);
  const auto released = machine.PowerOn();
  ASSERT_TRUE(released);
  EXPECT_EQ(*released, 1U);
  waits.Join();
  EXPECT_EQ(answer, -EIO);
  EXPECT_EQ(disk.Write(caller, file, 0, "x", 0), -EIO);
  EXPECT_EQ(disk.WriteBack(file, 0, "x"), -EIO);
  EXPECT_EQ(disk.Close(file), 0);
  EXPECT_EQ(machine.GetStatus().open_files, 0U);
  Create("/g");
  EXPECT_EQ(machine.GetStatus().open_files, 1U);
}

TEST_F(MachineTest, WhoIsKilledNeedNotWait) {
  const HandleId file = Create("/f");
  ASSERT_TRUE(machine.Cut());
  std::atomic<int> answer{1};
  env::Thread waits("waits", [&] { answer = disk.Sync(caller, file); });
  AwaitWaiting(1);
  is_killed = true;
  waits.Join();
  EXPECT_EQ(answer, -EINTR);
  // Its end asks for more, and waits for nothing.
  EXPECT_EQ(disk.WriteBack(file, 0, "mapped"), 6);
  EXPECT_EQ(disk.Close(file), 0);
  ASSERT_TRUE(machine.PowerOn());
}

TEST_F(MachineTest, PowerGoesRightBeforeTheOperationThatWasNamed) {
  Create("/a");  // 1
  const auto at = machine.CutAt(2);
  ASSERT_TRUE(at);
  EXPECT_EQ(*at, 3U);
  const HandleId file = Create("/b");                      // 2
  EXPECT_EQ(Content("/b"), "");                            // looks
  is_killed = true;                                        // who hangs at once goes
  EXPECT_EQ(disk.Write(caller, file, 0, "x", 0), -EINTR);  // 3
  EXPECT_FALSE(machine.powered());
  EXPECT_EQ(machine.GetStatus().operations, 3U);
  EXPECT_EQ(machine.GetStatus().last_cut.operations_pending, 2U);
  EXPECT_FALSE(machine.GetStatus().cut_at);
  ASSERT_TRUE(machine.PowerOn());
  is_killed = false;
  Create("/c");
  EXPECT_TRUE(machine.powered());
}

TEST_F(MachineTest, PowerCannotGoTwiceNorComeTwice) {
  EXPECT_FALSE(machine.PowerOn());
  ASSERT_TRUE(machine.Cut());
  EXPECT_EQ(machine.Cut().error().code(), ErrorCode::kRefused);
  EXPECT_EQ(machine.CutAt(1).error().code(), ErrorCode::kRefused);
  ASSERT_TRUE(machine.PowerOn());
  EXPECT_EQ(machine.cuts(), 1U);
  Create("/f");
  EXPECT_EQ(machine.CutAt(~std::uint64_t{0}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(MachineTest, AfterTheEndNothingWaits) {
  ASSERT_TRUE(machine.Cut());
  struct stat about {};
  std::atomic<int> answer{1};
  env::Thread waits("waits", [&] { answer = disk.GetAttributes(caller, {"/", {}}, about); });
  AwaitWaiting(1);
  machine.End();
  waits.Join();
  EXPECT_EQ(answer, -EIO);
  EXPECT_EQ(disk.GetAttributes(caller, {"/", {}}, about), -EIO);
}

TEST_F(MachineTest, AWriteWithDsyncIsDurableAloneWithDirectOnlyInBlocks) {
  const HandleId file = Create("/f");
  SyncRoot();
  ASSERT_EQ(disk.Write(caller, file, 8192, "later", 0), 5);
  const std::uint64_t pending = machine.GetStatus().pending;
  ASSERT_EQ(disk.Write(caller, file, 0, "now", O_DSYNC), 3);
  EXPECT_EQ(machine.GetStatus().pending, pending);
  EXPECT_EQ(disk.Write(caller, file, 0, "short", O_DSYNC | O_DIRECT), -EINVAL);
  EXPECT_EQ(disk.Write(caller, file, 4096, Bytes(4096, 'd'), O_DSYNC | O_DIRECT), 4096);
  EXPECT_EQ(machine.GetStatus().pending, pending);
  EXPECT_EQ(disk.WriteBack(file, 12288, "mapped"), 6);  // ... by the same handle, through the cache
  EXPECT_GT(machine.GetStatus().pending, pending);
  ASSERT_TRUE(machine.Cut());
  ASSERT_TRUE(machine.PowerOn());
  EXPECT_EQ(Content("/f").substr(0, 3), "now");
}

TEST_F(MachineTest, ADirectoryThatMovedIsListedAndSyncedWhereItIs) {
  ASSERT_EQ(disk.CreateDirectory(caller, "/d", 0700), 0);
  HandleId directory;
  ASSERT_EQ(disk.OpenDirectory(caller, "/d", directory), 0);
  ASSERT_EQ(disk.Rename(caller, "/d", "/e", 0), 0);
  Create("/e/f");
  std::vector<DirectoryEntry> entries;
  ASSERT_EQ(disk.List(caller, directory, entries), 0);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].name, "f");
  EXPECT_EQ(entries[0].about.st_mode, mode_t{S_IFREG | 0640});
  EXPECT_EQ(entries[0].about.st_uid, 5U);
  EXPECT_EQ(disk.SyncDirectory(caller, directory), 0);
  ASSERT_EQ(disk.Remove(caller, "/e/f"), 0);
  ASSERT_EQ(disk.RemoveDirectory(caller, "/e"), 0);
  EXPECT_EQ(disk.SyncDirectory(caller, directory), -ENOENT);
}

TEST_F(MachineTest, WithAJournalAnySyncMakesNamesDurable) {
  for (const NameDurability names : {NameDurability::kPosix, NameDurability::kJournal}) {
    bool lost = false;
    for (std::uint64_t seed = 1; seed < 12; ++seed) {
      Machine other({.seed = seed, .names = names}, clock, [] {});
      PosixDisk files(other);
      HandleId handle;
      ASSERT_EQ(files.CreateDirectory(caller, "/d", 0700), 0);
      ASSERT_EQ(files.Create(caller, "/d/f", O_RDWR, 0600, handle), 0);
      ASSERT_EQ(files.Sync(caller, handle), 0);
      EXPECT_EQ(other.GetStatus().pending == 0, names == NameDurability::kJournal);
      ASSERT_TRUE(other.Cut());
      ASSERT_TRUE(other.PowerOn());
      struct stat about {};
      lost = lost || files.GetAttributes(caller, {"/d/f", {}}, about) != 0;
    }
    EXPECT_EQ(lost, names == NameDurability::kPosix);
  }
}

TEST_F(MachineTest, WhatRenameAndAllocateDoNotTake) {
  const HandleId file = Create("/a");
  Create("/b");
  EXPECT_EQ(disk.Rename(caller, "/a", "/b", 1), -EEXIST);  // RENAME_NOREPLACE
  EXPECT_EQ(disk.Rename(caller, "/a", "/b", 2), -EINVAL);  // RENAME_EXCHANGE
  EXPECT_EQ(disk.Rename(caller, "/a", "/c", 1), 0);
  EXPECT_EQ(disk.Allocate(caller, file, 1, 0, 10), -EOPNOTSUPP);  // FALLOC_FL_KEEP_SIZE
  EXPECT_EQ(disk.Allocate(caller, file, 0, 5, 10), 0);
  struct stat about {};
  ASSERT_EQ(disk.GetAttributes(caller, {"", file}, about), 0);
  EXPECT_EQ(about.st_size, 15);
}

TEST_F(MachineTest, SameSeedAndRequestsSameCut) {
  const auto run = [this](std::uint64_t seed) {
    Machine other({.seed = seed, .torn_percent = 100}, clock, [] {});
    PosixDisk files(other);
    std::string left;
    for (int n = 0; n < 20; ++n) {
      HandleId handle;
      const std::string path = "/f" + std::to_string(n);
      EXPECT_EQ(files.Create(caller, path, O_RDWR, 0600, handle), 0);
      EXPECT_EQ(files.Write(caller, handle, 0, Bytes(3000, 'x'), 0), 3000);
    }
    EXPECT_TRUE(other.Cut());
    EXPECT_TRUE(other.PowerOn());
    for (int n = 0; n < 20; ++n) {
      struct stat about {};
      const int error = files.GetAttributes(caller, {"/f" + std::to_string(n), {}}, about);
      left += std::to_string(error) + ":" + std::to_string(about.st_size) + " ";
    }
    return left;
  };
  EXPECT_EQ(run(1), run(1));
  bool differs = false;
  for (std::uint64_t seed = 2; seed < 8; ++seed) differs = differs || run(seed) != run(1);
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace beach::crash
