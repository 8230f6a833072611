// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/atlas.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

TEST(AtlasTest, EverySiteHasOneLabel) {
  std::set<std::string> names;
  for (const KnownDiskFault& fault : KnownDiskFaults()) {
    EXPECT_TRUE(names.insert(fault.site.name).second) << fault.site.name;
    EXPECT_EQ(FindDiskFault(fault.site), &fault);
    EXPECT_STRNE(ContractLabelName(fault.label), "unknown");
  }
  EXPECT_EQ(FindDiskFault("test.no_fault"), nullptr);
  EXPECT_STREQ(SiteOf(DiskFault::kLyingSync).name, "disk.lying_sync");
  EXPECT_STREQ(SiteOf(DiskFault::kLatentSector).name, "disk.latent_sector");
  EXPECT_STREQ(SiteOf(DiskFault::kStickyWriteError).name, "disk.eio.write_sticky");
  EXPECT_STREQ(SiteOf(DiskFault::kMisdirectedWrite).name, "disk.misdirected_write");
  EXPECT_STREQ(SiteOf(DiskFault::kSwapped).name, "disk.swapped");
  EXPECT_EQ(FindDiskFault("disk.short_read")->label, ContractLabel::kMask);
  EXPECT_EQ(FindDiskFault("disk.bit_rot")->label, ContractLabel::kDetect);
  EXPECT_EQ(FindDiskFault("disk.lost_write")->label, ContractLabel::kBeyond);
}

TEST(AtlasTest, DamageGoesByTheNamesThatProgramsSee) {
  DiskFixture f;
  ASSERT_EQ(f.disk->CreateDirectory("d"), 0);
  const Descriptor file = f.CreateDurable("d/a", std::string(4 * kSectorSize, 'a'));
  EXPECT_EQ(f.disk->DamageRange("d/a", kSectorSize, 2 * kSectorSize, DiskFault::kBitRot), 2U);
  ASSERT_EQ(f.disk->Damages().size(), 1U);  // neighbours struck together
  Damage damage = f.disk->Damages()[0];
  EXPECT_EQ(damage.paths, std::vector<std::string>{"d/a"});
  EXPECT_EQ(damage.offset, kSectorSize);
  EXPECT_EQ(damage.length, 2 * kSectorSize);
  EXPECT_GT(damage.operation, 0U);
  EXPECT_TRUE(damage.Touches(2 * kSectorSize, 1));
  EXPECT_FALSE(damage.Touches(0, kSectorSize));
  EXPECT_FALSE(damage.Touches(3 * kSectorSize, 100));

  ASSERT_EQ(f.disk->Link("d/a", "b"), 0);
  EXPECT_EQ(f.disk->Damages()[0].paths, (std::vector<std::string>{"b", "d/a"}));
  ASSERT_EQ(f.disk->Remove("d/a"), 0);
  ASSERT_EQ(f.disk->Remove("b"), 0);
  EXPECT_TRUE(f.disk->Damages()[0].paths.empty());  // a power loss may bring it back
  f.disk->Close(file);
  ASSERT_EQ(f.disk->SyncDirectory("d"), 0);
  ASSERT_EQ(f.disk->SyncDirectory("/"), 0);
  EXPECT_TRUE(f.disk->Damages().empty());
}

TEST(AtlasTest, OfARangeOnlyWhatIsWrittenDurablyIsWhole) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(4 * kSectorSize, 'a'));
  EXPECT_EQ(f.disk->DamageRange("a", 0, 4 * kSectorSize, DiskFault::kLatentSector), 4U);
  ASSERT_EQ(f.disk->WriteAt(file, kSectorSize, std::string(kSectorSize, 'n'), false), 0);
  ASSERT_EQ(f.disk->Sync(file), 0);
  const std::vector<Damage> damages = f.disk->Damages();
  ASSERT_EQ(damages.size(), 2U);
  EXPECT_EQ(damages[0].length, kSectorSize);
  EXPECT_EQ(damages[1].offset, 2 * kSectorSize);
  EXPECT_EQ(damages[1].length, 2 * kSectorSize);
  // Cut off is gone.
  ASSERT_EQ(f.disk->Truncate(file, 0), 0);
  EXPECT_FALSE(f.disk->Damages().empty());
  ASSERT_EQ(f.disk->Sync(file), 0);
  EXPECT_TRUE(f.disk->Damages().empty());
}

TEST(AtlasTest, ASwappedDiskIsEmptyAndSaysSo) {
  DiskFixture f;
  f.CreateDurable("a", "a");
  f.disk->SwapForEmpty();
  EXPECT_EQ(f.disk->Exists("a"), 0);
  EXPECT_EQ(f.disk->FreeSpace(), f.disk->capacity());
  ASSERT_EQ(f.disk->Damages().size(), 1U);
  EXPECT_EQ(f.disk->Damages()[0].fault, DiskFault::kSwapped);
  EXPECT_EQ(f.disk->Damages()[0].label, ContractLabel::kBeyond);
  EXPECT_EQ(f.decisions.Counted("disk.swapped"), 1U);
  f.CreateDurable("b", "b");
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("b"), "b");
}

TEST(AtlasTest, TwoDisksMixedUpGiveEachOthersFiles) {
  DiskFixture f(1, {.capacity_bytes = 1 << 20});
  DiskFixture g(2, {.capacity_bytes = 2 << 20});
  f.CreateDurable("a", "a");
  g.CreateDurable("b", "b");
  f.PowerLoss(kCutAll);
  g.PowerLoss(kCutAll);
  f.disk->SwapWith(*g.disk);
  EXPECT_EQ(f.List("/"), std::vector<std::string>{"b"});
  EXPECT_EQ(g.Content("a"), "a");
  EXPECT_EQ(f.disk->capacity(), std::uint64_t{2 << 20});
  f.CreateDurable("c", "c");
  g.CreateDurable("d", "d");
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.List("/"), (std::vector<std::string>{"b", "c"}));
}

}  // namespace
}  // namespace beach::sim
