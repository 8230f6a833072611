// SPDX-License-Identifier: Apache-2.0

// What is durable when, one rule a test.
#include "sim/disk/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kBlock = 4096;

TEST(DiskTest, KillLosesNothingThatAWriteReturnedFor) {
  DiskFixture f;
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->Append(file, "hello "), 0);
  ASSERT_EQ(f.disk->Append(file, "world"), 0);
  f.disk->KillProcess(kProcess);
  EXPECT_EQ(f.Content("a"), "hello world");
}

TEST(DiskTest, ReadStopsAtTheEndAndGapsReadAsZeros) {
  DiskFixture f;
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->WriteAt(file, 1000, "x", false), 0);
  char bytes[2000];
  EXPECT_EQ(f.disk->ReadAt(file, 999, bytes, 10), 2);
  EXPECT_EQ(bytes[0], '\0');
  EXPECT_EQ(bytes[1], 'x');
  EXPECT_EQ(f.disk->ReadAt(file, 1001, bytes, 10), 0);
  EXPECT_EQ(f.disk->Size(file), 1001);
}

TEST(DiskTest, SyncOfAFileDoesNotMakeItsNameDurable) {
  DiskFixture f;
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->Append(file, "data"), 0);
  ASSERT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  EXPECT_THAT(f.List("/"), IsEmpty());
  EXPECT_EQ(f.disk->FreeSpace(), DiskOptions{}.capacity_bytes);
}

TEST(DiskTest, SyncOfTheDirectoryDoesNotMakeDataDurable) {
  DiskFixture f;
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->Append(file, "data"), 0);
  ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
  const CutSummary cut = f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), "");
  EXPECT_EQ(cut.operations_pending, 2U);
  EXPECT_EQ(cut.operations_kept, 0U);
}

TEST(DiskTest, SyncDataCoversTheSize) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "one");
  ASSERT_EQ(f.disk->Append(file, " two"), 0);
  ASSERT_EQ(f.disk->SyncData(file), 0);
  ASSERT_EQ(f.disk->Append(file, " three"), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), "one two");
}

TEST(DiskTest, AllKeptLeavesWhatProgramsSaw) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(3000, 'x'));
  ASSERT_EQ(f.disk->Truncate(file, 700), 0);
  ASSERT_EQ(f.disk->WriteAt(file, 5000, "tail", false), 0);
  ASSERT_EQ(f.disk->Rename("a", "b"), 0);
  const std::string seen = f.Content("b");
  const std::uint64_t digest = f.disk->Digest();
  const CutSummary cut = f.PowerLoss(kCutAll);
  EXPECT_EQ(f.Content("b"), seen);
  EXPECT_EQ(f.disk->Digest(), digest);
  EXPECT_EQ(cut.operations_kept, cut.operations_pending);
}

TEST(DiskTest, SizeMaySurviveWithoutDataAndDataWithoutSize) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.Create("a");
    ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
    ASSERT_EQ(f.disk->Append(file, "data"), 0);
    f.PowerLoss(kCutMix);
    seen.insert(f.Content("a"));
  }
  EXPECT_THAT(seen, ElementsAre("", std::string(4, '\0'), "data"));
}

TEST(DiskTest, SectorsOfOneWriteSurviveOneByOne) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(3 * kSectorSize, 'o'));
    ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(3 * kSectorSize, 'n'), false), 0);
    f.PowerLoss(kCutMix);
    const std::string content = f.Content("a");
    ASSERT_EQ(content.size(), 3 * kSectorSize);
    std::string shape;
    for (std::size_t sector = 0; sector < 3; ++sector) {
      const char fill = content[sector * kSectorSize];
      EXPECT_EQ(content.substr(sector * kSectorSize, kSectorSize), std::string(kSectorSize, fill));
      shape.push_back(fill);
    }
    seen.insert(shape);
  }
  EXPECT_EQ(seen.size(), 8U);
}

TEST(DiskTest, PrefixKeepsEarlierWritesOnly) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(8 * kSectorSize, '.'));
    for (std::uint64_t sector = 0; sector < 8; ++sector) {
      const std::string data(kSectorSize, '#');
      ASSERT_EQ(f.disk->WriteAt(file, sector * kSectorSize, data, false), 0);
    }
    f.PowerLoss(kCutPrefix);
    const std::string content = f.Content("a");
    EXPECT_EQ(content.find_last_of('#') + 1,
              content.find('.') == std::string::npos ? content.size() : content.find('.'));
  }
}

TEST(DiskTest, TornSectorIsOldAndNewSplitAtAByte) {
  std::uint64_t torn = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    DiskFixture f(seed, {.torn_percent = 100});
    const Descriptor file = f.CreateDurable("a", std::string(kSectorSize, 'o'));
    ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kSectorSize, 'n'), false), 0);
    const std::uint64_t torn_here = f.PowerLoss(kCutMix).sectors_torn;
    EXPECT_EQ(f.decisions.Counted("disk.torn_sector"), torn_here);
    torn += torn_here;
    const std::string content = f.Content("a");
    const std::size_t split = content.find_first_not_of(content[0]);
    if (split == std::string::npos) continue;
    EXPECT_EQ(content.substr(split), std::string(kSectorSize - split, content[split]));
    EXPECT_NE(content.find('o'), std::string::npos);
    EXPECT_NE(content.find('n'), std::string::npos);
  }
  EXPECT_GT(torn, 60U);  // whenever the write was kept
}

// The rate holds for each sector at the edge of what is kept, faults on or off.
TEST(DiskTest, SectorsAtTheCutAreTornAtTheirRate) {
  std::map<std::uint64_t, std::uint64_t> torn;
  for (const std::uint64_t percent : {25U, 50U, 100U}) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      DiskFixture f(seed, {.torn_percent = percent});
      const Descriptor file = f.CreateDurable("a", std::string(20 * kSectorSize, 'o'));
      for (std::uint64_t sector = 0; sector < 20; ++sector) {
        const std::string data(kSectorSize, 'n');
        ASSERT_EQ(f.disk->WriteAt(file, sector * kSectorSize, data, false), 0);
      }
      torn[percent] += f.PowerLoss(kCutMix).sectors_torn;
    }
  }
  EXPECT_GT(torn[100], 600U);
  const auto all = static_cast<double>(torn[100]);
  EXPECT_NEAR(static_cast<double>(torn[50]), all / 2, all / 10);
  EXPECT_NEAR(static_cast<double>(torn[25]), all / 4, all / 10);
}

TEST(DiskTest, AtARateOfZeroNoSectorIsTorn) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(kSectorSize, 'o'));
    ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kSectorSize, 'n'), false), 0);
    EXPECT_EQ(f.PowerLoss(kCutMix).sectors_torn, 0U);
  }
}

TEST(DiskTest, DirectWriteIsDurableAndLeavesBufferedDataUnsynced) {
  DiskFixture f;
  const Descriptor buffered = f.CreateDurable("a", std::string(2 * kBlock, 'o'));
  const Descriptor direct = f.Open("a", env::OpenMode::kReadWrite, true);
  ASSERT_EQ(f.disk->WriteAt(buffered, 0, std::string(2 * kBlock, 'b'), false), 0);
  ASSERT_EQ(f.disk->WriteAt(direct, kBlock, std::string(kBlock, 'd'), true), 0);
  EXPECT_EQ(f.Content("a"), std::string(kBlock, 'b') + std::string(kBlock, 'd'));
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), std::string(kBlock, 'o') + std::string(kBlock, 'd'));
}

TEST(DiskTest, OlderBufferedWriteNeverComesBackOverADirectOne) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    DiskFixture f(seed);
    const Descriptor buffered = f.CreateDurable("a", std::string(kBlock, 'o'));
    const Descriptor direct = f.Open("a", env::OpenMode::kReadWrite, true);
    ASSERT_EQ(f.disk->WriteAt(buffered, 0, std::string(kBlock, 'b'), false), 0);
    ASSERT_EQ(f.disk->WriteAt(direct, 0, std::string(kBlock, 'd'), true), 0);
    f.PowerLoss(seed % 8);
    EXPECT_EQ(f.Content("a"), std::string(kBlock, 'd'));
  }
}

TEST(DiskTest, DirectWriteMakesTheSizeItNeedsDurable) {
  DiskFixture f;
  const Descriptor file = f.Create("a", true);
  ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
  ASSERT_EQ(f.disk->WriteAt(file, kBlock, std::string(kBlock, 'd'), true), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), std::string(kBlock, '\0') + std::string(kBlock, 'd'));
}

TEST(DiskTest, DirectWriteIsAlignedOrRefused) {
  DiskFixture f;
  const Descriptor file = f.Create("a", true);
  EXPECT_EQ(f.disk->WriteAt(file, 512, std::string(kBlock, 'd'), true), -EINVAL);
  EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(512, 'd'), true), -EINVAL);
  EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(kBlock, 'd'), false), -EINVAL);
  WriteTicket ticket;
  EXPECT_EQ(f.disk->SubmitWrite(file, 1, std::string(kBlock, 'd'), true, ticket), -EINVAL);
  EXPECT_EQ(f.disk->Size(file), 0);
}

TEST(DiskTest, DirectIsRefusedWhereNotSupported) {
  DiskFixture f(1, {.capacity_bytes = 1 << 20, .direct_supported = false});
  Descriptor file;
  EXPECT_EQ(f.disk->Open(kProcess, "a", {env::OpenMode::kCreate, true}, file), -EINVAL);
  EXPECT_EQ(f.disk->Exists("a"), 0);
}

TEST(DiskTest, ADescriptorIsDirectFromWhenItIsSwitched) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("f", "");
  const Bytes block(env::kDirectAlignment, 'd');
  ASSERT_EQ(f.disk->WriteAt(file, 0, block, true), 0);
  EXPECT_EQ(f.disk->Pending().size(), 1U);
  ASSERT_EQ(f.disk->SetDirect(file, true), 0);
  EXPECT_EQ(f.disk->WriteAt(file, 1, block, true), -EINVAL);
  ASSERT_EQ(f.disk->WriteAt(file, 0, block, true), 0);
  ASSERT_EQ(f.disk->SetDirect(file, false), 0);
  ASSERT_EQ(f.disk->WriteAt(file, block.size(), "un-synced", false), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("f"), block);

  DiskFixture without(1, {.direct_supported = false});
  EXPECT_EQ(without.disk->SetDirect(without.Create("f"), true), -EINVAL);
}

TEST(DiskTest, SubmittedWriteIsInvisibleUntilItCompletesThenDurable) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(2 * kBlock, 'o'));
  WriteTicket first;
  WriteTicket second;
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, std::string(kBlock, '1'), true, first), 0);
  ASSERT_EQ(f.disk->SubmitWrite(file, kBlock, std::string(kBlock, '2'), true, second), 0);
  EXPECT_EQ(f.Content("a"), std::string(2 * kBlock, 'o'));
  ASSERT_EQ(f.disk->CompleteWrite(second), 0);
  EXPECT_EQ(f.Content("a"), std::string(kBlock, 'o') + std::string(kBlock, '2'));
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), std::string(kBlock, 'o') + std::string(kBlock, '2'));
  EXPECT_EQ(f.disk->CompleteWrite(first), -ECANCELED);
}

TEST(DiskTest, WriteInFlightIsCutBySectorsAtPowerLoss) {
  std::set<std::size_t> sectors_new;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(kBlock, 'o'));
    WriteTicket ticket;
    ASSERT_EQ(f.disk->SubmitWrite(file, 0, std::string(kBlock, 'n'), true, ticket), 0);
    f.PowerLoss(kCutMix);
    const std::string content = f.Content("a");
    const auto count = static_cast<std::size_t>(std::count(content.begin(), content.end(), 'n'));
    EXPECT_EQ(count % kSectorSize, 0U);
    sectors_new.insert(count / kSectorSize);
  }
  EXPECT_GE(sectors_new.size(), 6U);
}

TEST(DiskTest, WriteOfAKilledProcessCompletesOrIsDropped) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", "old");
    WriteTicket ticket;
    ASSERT_EQ(f.disk->SubmitWrite(file, 0, "new", true, ticket), 0);
    f.disk->KillProcess(kProcess);
    const std::string content = f.Content("a");
    seen.insert(content);
    f.PowerLoss(kCutNone);
    EXPECT_EQ(f.Content("a"), content);
    EXPECT_EQ(f.disk->CompleteWrite(ticket), -ECANCELED);
  }
  EXPECT_THAT(seen, ElementsAre("new", "old"));
}

// Whoever looks first has no part in how the writes of the dead end, nor hears of it.
TEST(DiskTest, WritesOfTheDeadDrawNoFaultsOfTheLiving) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", "old");
    WriteTicket ticket;
    ASSERT_EQ(f.disk->SubmitWrite(file, 0, "new", true, ticket), 0);
    EXPECT_EQ(f.disk->WritesInFlight(), 1U);
    f.disk->KillProcess(kProcess);
    EXPECT_EQ(f.disk->WritesInFlight(), 0U);
    f.decisions.SetRate("disk.eio.write", 1'000'000);
    f.decisions.SetRate("disk.eio.sync", 1'000'000);
    f.decisions.SetRate("disk.no_space", 1'000'000);
    const std::string content = f.Content("a");
    EXPECT_TRUE(content == "old" || content == "new") << content;
    f.decisions.SetRate("disk.eio.sync", 0);
    const Descriptor again = f.Open("a");
    EXPECT_EQ(f.disk->Sync(again), 0);
  }
}

TEST(DiskTest, SyncBelowAMarkLeavesLaterWritesPending) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", "");
  ASSERT_EQ(f.disk->Append(file, "early"), 0);
  const std::uint64_t mark = f.disk->Mark();
  ASSERT_EQ(f.disk->Append(file, "late"), 0);
  ASSERT_EQ(f.disk->SyncBelow(file, mark), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), "early");
}

TEST(DiskTest, TruncatedDataDoNotComeBackWhenTheFileGrows) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(2000, 'x'));
  ASSERT_EQ(f.disk->Truncate(file, 100), 0);
  ASSERT_EQ(f.disk->Truncate(file, 2000), 0);
  const std::string expected = std::string(100, 'x') + std::string(1900, '\0');
  EXPECT_EQ(f.Content("a"), expected);
  ASSERT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), expected);
}

TEST(DiskTest, DataBeyondASurvivingShorterSizeAreChopped) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(100, 'x'));
    ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kSectorSize, 'y'), false), 0);
    f.PowerLoss(kCutMix);
    if (f.Content("a").size() != 100) continue;
    const Descriptor again = f.Open("a");
    ASSERT_EQ(f.disk->Truncate(again, 200), 0);
    EXPECT_EQ(f.Content("a").substr(100), std::string(100, '\0'));
  }
}

TEST(DiskTest, AllocateExtendsWithZerosAndTakesSpace) {
  DiskFixture f(1, {.capacity_bytes = 1 << 20});
  const Descriptor file = f.CreateDurable("a", "x");
  ASSERT_EQ(f.disk->Allocate(file, 1 << 19), 0);
  EXPECT_EQ(f.disk->FreeSpace(), std::uint64_t{1} << 19);
  EXPECT_EQ(f.disk->Size(file), 1 << 19);
  EXPECT_EQ(f.disk->Allocate(file, 1 << 21), -ENOSPC);
  ASSERT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.disk->FreeSpace(), std::uint64_t{1} << 19);
  EXPECT_EQ(f.Content("a")[0], 'x');
}

TEST(DiskTest, FullDiskRefusesAndRemovingGivesRoom) {
  DiskFixture f(1, {.capacity_bytes = 64 << 10});
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(60 << 10, 'x'), false), 0);
  const Descriptor other = f.Create("b");
  EXPECT_EQ(f.disk->WriteAt(other, 0, std::string(8 << 10, 'y'), false), -ENOSPC);
  EXPECT_EQ(f.disk->Size(other), 4 << 10);
  EXPECT_EQ(f.disk->FreeSpace(), 0U);
  ASSERT_EQ(f.disk->WriteAt(file, 0, "overwriting takes no room", false), 0);
  ASSERT_EQ(f.disk->Remove("a"), 0);
  EXPECT_EQ(f.disk->FreeSpace(), 0U);  // still open
  f.disk->Close(file);
  EXPECT_EQ(f.disk->FreeSpace(), std::uint64_t{60} << 10);
  EXPECT_EQ(f.disk->Append(other, std::string(8 << 10, 'y')), 0);
}

TEST(DiskTest, OpenModesAndTheirErrors) {
  DiskFixture f;
  Descriptor file;
  EXPECT_EQ(f.disk->Open(kProcess, "a", {env::OpenMode::kRead, false}, file), -ENOENT);
  f.disk->Close(f.Create("a"));
  EXPECT_EQ(f.disk->Open(kProcess, "a", {env::OpenMode::kCreate, false}, file), -EEXIST);
  EXPECT_EQ(f.disk->Open(kProcess, "/", {env::OpenMode::kRead, false}, file), -EISDIR);
  EXPECT_EQ(f.disk->Open(kProcess, "a/b", {env::OpenMode::kRead, false}, file), -ENOTDIR);
  EXPECT_EQ(f.disk->Open(kProcess, "none/b", {env::OpenMode::kCreate, false}, file), -ENOENT);
  const Descriptor reader = f.Open("a", env::OpenMode::kRead);
  EXPECT_EQ(f.disk->WriteAt(reader, 0, "x", false), -EBADF);
  EXPECT_EQ(f.disk->Truncate(reader, 1), -EBADF);
}

TEST(DiskTest, LockBelongsToItsDescriptor) {
  DiskFixture f;
  Descriptor first;
  Descriptor second;
  ASSERT_EQ(f.disk->Lock(kProcess, "LOCK", first), 0);
  EXPECT_EQ(f.disk->Lock(kProcess, "LOCK", second), -EAGAIN);
  EXPECT_EQ(f.disk->Lock(ProcessId{2}, "LOCK", second), -EAGAIN);
  f.disk->Close(first);
  ASSERT_EQ(f.disk->Lock(ProcessId{2}, "LOCK", second), 0);
  f.disk->KillProcess(ProcessId{2});
  EXPECT_EQ(f.disk->Lock(kProcess, "LOCK", first), 0);
}

TEST(DiskTest, UnsyncedWritesOfAnHourStayBounded) {
  DiskFixture f;
  const Descriptor file = f.Create("log");
  for (int line = 0; line < 30'000; ++line) ASSERT_EQ(f.disk->Append(file, "0123456789"), 0);
  const CutSummary cut = f.PowerLoss(kCutAll);
  EXPECT_LT(cut.operations_pending, 30'000U);
  EXPECT_EQ(f.Content("log").size(), 300'000U);
}

}  // namespace
}  // namespace beach::sim
