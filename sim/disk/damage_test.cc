// SPDX-License-Identifier: Apache-2.0

// Faults that stay: what they do to reads and writes, what ends them, and that they can be looked
// away from.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kBlock = 4096;

// Reads the whole file; "(error)" where that fails.
std::string Read(DiskFixture& f, Descriptor file, std::uint64_t offset = 0,
                 std::uint64_t length = 4 * kBlock) {
  std::string bytes(length, '\0');
  const std::int64_t got = f.disk->ReadAt(file, offset, bytes.data(), length);
  if (got < 0) return "(error)";
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

std::size_t Differences(const std::string& a, const std::string& b) {
  EXPECT_EQ(a.size(), b.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) count += a[i] == b[i] ? 0U : 1U;
  return count;
}

TEST(DamageTest, RottenBitsStayUntilTheSectorIsWrittenDurably) {
  DiskFixture f;
  const std::string good(2 * kBlock, 'g');
  const Descriptor file = f.CreateDurable("a", good);
  f.decisions.Arm("disk.bit_rot");
  const std::string rotten = Read(f, file);
  EXPECT_GE(Differences(good, rotten), 1U);
  EXPECT_EQ(Read(f, file), rotten);
  EXPECT_EQ(f.Content("a"), rotten);
  f.PowerLoss(kCutAll);
  EXPECT_EQ(f.Content("a"), rotten);
  // What should be there is not gone.
  f.disk->SetDamageVisible(false);
  EXPECT_EQ(f.Content("a"), good);
  f.disk->SetDamageVisible(true);
  EXPECT_EQ(f.Content("a"), rotten);

  const Descriptor again = f.Open("a");
  ASSERT_EQ(f.disk->WriteAt(again, 0, std::string(2 * kBlock, 'n'), false), 0);
  EXPECT_EQ(Read(f, again), std::string(2 * kBlock, 'n'));  // newer data hide it
  ASSERT_EQ(f.disk->Damages().size(), 1U);
  EXPECT_FALSE(f.disk->Damages()[0].readable_now);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), rotten);
  const Descriptor third = f.Open("a");
  ASSERT_EQ(f.disk->WriteAt(third, 0, std::string(2 * kBlock, 'n'), false), 0);
  ASSERT_EQ(f.disk->Sync(third), 0);
  EXPECT_EQ(Read(f, third), std::string(2 * kBlock, 'n'));
  EXPECT_TRUE(f.disk->Damages().empty());
}

TEST(DamageTest, NothingRotsThatIsNotAtRest) {
  DiskFixture f;
  const Descriptor file = f.Create("a");
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kBlock, 'd'), false), 0);
  f.decisions.Arm("disk.bit_rot");
  f.decisions.Arm("disk.latent_sector");
  EXPECT_EQ(Read(f, file), std::string(kBlock, 'd'));
  EXPECT_TRUE(f.decisions.IsArmed("disk.bit_rot"));
  EXPECT_TRUE(f.decisions.IsArmed("disk.latent_sector"));
}

TEST(DamageTest, ALatentSectorFailsEveryReadUntilItIsWritten) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(2 * kBlock, 'g'));
    f.decisions.Arm("disk.latent_sector");
    EXPECT_EQ(Read(f, file), "(error)");
    EXPECT_EQ(Read(f, file), "(error)");
    EXPECT_EQ(f.decisions.Counted("disk.latent_sector"), 2U);
    ASSERT_EQ(f.disk->Damages().size(), 1U);
    const Damage damage = f.disk->Damages()[0];
    EXPECT_TRUE(damage.length == kSectorSize || damage.length == kBlock);
    EXPECT_EQ(damage.label, ContractLabel::kDetect);
    EXPECT_EQ(Read(f, file, damage.offset, 1), "(error)");
    // A write of a part of it has to read the rest.
    EXPECT_EQ(f.disk->WriteAt(file, damage.offset + 1, "x", false), -EIO);
    EXPECT_EQ(f.disk->WriteAt(file, damage.offset, std::string(damage.length, 'n'), false), 0);
    EXPECT_EQ(Read(f, file, damage.offset, damage.length), std::string(damage.length, 'n'));
    EXPECT_EQ(f.disk->Sync(file), 0);
    EXPECT_TRUE(f.disk->Damages().empty());
    EXPECT_EQ(Read(f, file).size(), 2 * kBlock);
  }
}

TEST(DamageTest, LatentSectorsAreReadableToOneWhoLooksAway) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(kBlock, 'g'));
  EXPECT_EQ(f.disk->DamageRange("a", 0, kBlock, DiskFault::kLatentSector), 8U);
  EXPECT_EQ(Read(f, file), "(error)");
  EXPECT_FALSE(f.disk->Inspect("a"));
  f.disk->SetDamageVisible(false);
  EXPECT_EQ(Read(f, file), std::string(kBlock, 'g'));
}

TEST(DamageTest, AStickyRangeFailsEverySyncOfIt) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(2 * kBlock, 'g'));
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kSectorSize, 'n'), false), 0);
  f.decisions.Arm("disk.eio.write_sticky");
  EXPECT_EQ(f.disk->Sync(file), -EIO);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kSectorSize, 'n'), false), 0);
    EXPECT_EQ(f.disk->Sync(file), -EIO);
  }
  EXPECT_EQ(f.decisions.Counted("disk.eio.write_sticky"), 3U);
  // Others of the file take writes, and a power cycle changes nothing.
  ASSERT_EQ(f.disk->WriteAt(file, kBlock, std::string(kSectorSize, 'n'), false), 0);
  EXPECT_EQ(f.disk->Sync(file), 0);
  f.PowerLoss(kCutAll);
  const Descriptor direct = f.Open("a", env::OpenMode::kReadWrite, true);
  EXPECT_EQ(f.disk->WriteAt(direct, 0, std::string(kBlock, 'm'), true), -EIO);
  EXPECT_EQ(f.disk->WriteAt(direct, kBlock, std::string(kBlock, 'm'), true), 0);
  ASSERT_EQ(f.disk->Damages().size(), 1U);
  EXPECT_EQ(f.disk->Damages()[0].fault, DiskFault::kStickyWriteError);
  f.disk->Close(direct);
  EXPECT_EQ(f.disk->Remove("a"), 0);
  EXPECT_EQ(f.disk->SyncDirectory("/"), 0);
  EXPECT_TRUE(f.disk->Damages().empty());
}

TEST(DamageTest, ALostWriteIsAcknowledgedAndTheOldContentStays) {
  std::set<std::size_t> lost;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    DiskFixture f(seed);
    f.CreateDurable("a", std::string(2 * kBlock, 'o'));
    const Descriptor file = f.Open("a", env::OpenMode::kReadWrite, true);
    f.decisions.Arm("disk.lost_write");
    EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(kBlock, 'n'), true), 0);
    const std::string content = f.Content("a");
    const auto old = std::count(content.begin(), content.end(), 'o') - std::int64_t{kBlock};
    lost.insert(static_cast<std::size_t>(old));
    std::uint64_t damaged = 0;
    for (const Damage& damage : f.disk->Damages()) {
      EXPECT_EQ(damage.fault, DiskFault::kLostWrite);
      EXPECT_EQ(damage.label, ContractLabel::kBeyond);
      damaged += damage.length;
    }
    EXPECT_EQ(static_cast<std::uint64_t>(old), damaged);
    f.PowerLoss(kCutAll);
    EXPECT_EQ(f.Content("a"), content);
    f.disk->SetDamageVisible(false);
    EXPECT_EQ(f.Content("a"), std::string(kBlock, 'n') + std::string(kBlock, 'o'));
  }
  EXPECT_TRUE(lost.contains(kBlock));
  EXPECT_GE(lost.size(), 3U);
}

TEST(DamageTest, ASyncCanLoseAWriteToo) {
  DiskFixture f;
  const Descriptor file = f.CreateDurable("a", std::string(kSectorSize, 'o'));
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kSectorSize, 'n'), false), 0);
  f.decisions.Arm("disk.lost_write");
  EXPECT_EQ(f.disk->Sync(file), 0);
  EXPECT_EQ(f.Content("a"), std::string(kSectorSize, 'o'));
  EXPECT_EQ(f.disk->Size(file), static_cast<std::int64_t>(kSectorSize));
}

TEST(DamageTest, AMisdirectedWriteLandsElsewhere) {
  std::uint64_t elsewhere = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    DiskFixture f(seed);
    f.CreateDurable("a", std::string(8 * kBlock, 'a'));
    f.CreateDurable("b", std::string(8 * kBlock, 'b'));
    const Descriptor file = f.Open("a", env::OpenMode::kReadWrite, true);
    f.decisions.Arm("disk.misdirected_write");
    EXPECT_EQ(f.disk->WriteAt(file, 0, std::string(kBlock, 'n'), true), 0);
    const std::string a = f.Content("a");
    const std::string b = f.Content("b");
    EXPECT_NE(a.substr(0, kBlock).find('a'), std::string::npos);  // the old is still there
    EXPECT_EQ(a.find_first_not_of("an"), std::string::npos);
    EXPECT_EQ(b.find_first_not_of("bn"), std::string::npos);
    if (b.find('n') != std::string::npos || a.find('n', kBlock) != std::string::npos) ++elsewhere;
    f.disk->SetDamageVisible(false);
    EXPECT_EQ(f.Content("a"), std::string(kBlock, 'n') + std::string(7 * kBlock, 'a'));
    EXPECT_EQ(f.Content("b"), std::string(8 * kBlock, 'b'));
  }
  EXPECT_GE(elsewhere, 30U);
}

TEST(DamageTest, AMisdirectedReadGivesAnotherSectorOnce) {
  std::uint64_t others = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    DiskFixture f(seed);
    const Descriptor file = f.CreateDurable("a", std::string(2 * kBlock, 'a'));
    f.CreateDurable("b", std::string(2 * kBlock, 'b'));
    f.decisions.Arm("disk.misdirected_read");
    const std::string read = Read(f, file);
    const std::size_t differ = Differences(read, std::string(2 * kBlock, 'a'));
    EXPECT_TRUE(differ == 0 || differ == kSectorSize);
    others += differ == 0 ? 0 : 1;
    EXPECT_EQ(Read(f, file), std::string(2 * kBlock, 'a'));
    EXPECT_TRUE(f.disk->Damages().empty());
  }
  EXPECT_GE(others, 5U);
}

TEST(DamageTest, AStaleReadGivesTheVersionBeforeOnce) {
  DiskFixture f;
  f.decisions.SetRate("disk.stale_read", 1);  // in the plan, so that versions are kept
  const Descriptor file = f.CreateDurable("a", std::string(kSectorSize, 'o'));
  EXPECT_EQ(Read(f, file), std::string(kSectorSize, 'o'));
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(kSectorSize, 'n'), false), 0);
  f.decisions.Arm("disk.stale_read");
  EXPECT_EQ(Read(f, file), std::string(kSectorSize, 'n'));  // the cache is no stale
  ASSERT_EQ(f.disk->Sync(file), 0);
  EXPECT_EQ(Read(f, file), std::string(kSectorSize, 'o'));
  EXPECT_EQ(Read(f, file), std::string(kSectorSize, 'n'));
}

TEST(DamageTest, DamageAtRestStrikesFilesAndIsCounted) {
  std::set<std::string> struck;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    DiskFixture f(seed);
    EXPECT_FALSE(f.disk->DamageAtRest(DiskFault::kBitRot));
    f.CreateDurable("a", std::string(16 * kBlock, 'a'));
    f.CreateDurable("b", "b");
    const DiskFault fault = seed % 2 == 0 ? DiskFault::kBitRot : DiskFault::kLatentSector;
    EXPECT_TRUE(f.disk->DamageAtRest(fault));
    ASSERT_EQ(f.disk->Damages().size(), 1U);
    EXPECT_EQ(f.disk->Damages()[0].fault, fault);
    EXPECT_TRUE(f.disk->Damages()[0].readable_now);
    struck.insert(f.disk->Damages()[0].paths.at(0));
    EXPECT_EQ(f.decisions.Counted(SiteOf(fault).name), 1U);
  }
  EXPECT_EQ(struck, (std::set<std::string>{"a", "b"}));
}

// Whatever strikes: looked away from, the disk is one where nothing has struck.
TEST(DamageTest, LookedAwayFromNothingIsDamaged) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    std::string contents[2];
    for (const bool faulty : {false, true}) {
      DiskFixture f(seed);
      RandomStream random(RandomValue(seed, 11));
      for (const char* site : {"disk.bit_rot", "disk.latent_sector", "disk.lost_write",
                               "disk.misdirected_write", "disk.misdirected_read"}) {
        if (faulty) f.decisions.SetRate(site, 200'000);
      }
      const Descriptor files[2] = {f.CreateDurable("a", std::string(kBlock, 'a')),
                                   f.CreateDurable("b", std::string(kBlock, 'b'))};
      const Descriptor direct = f.Open("a", env::OpenMode::kReadWrite, true);
      for (int step = 0; step < 30; ++step) {
        const std::string data(kBlock, static_cast<char>('0' + step % 10));
        const std::uint64_t offset = random.Below(4) * kBlock;
        const Descriptor file = files[random.Below(2)];
        switch (random.Below(4)) {
          case 0: EXPECT_EQ(f.disk->WriteAt(file, offset, data, true), 0); break;
          case 1: EXPECT_EQ(f.disk->WriteAt(direct, offset, data, true), 0); break;
          case 2: EXPECT_EQ(f.disk->Sync(file), 0); break;
          default: Read(f, file); break;
        }
      }
      f.disk->SetDamageVisible(false);
      contents[faulty ? 1 : 0] = f.Content("a") + f.Content("b");
    }
    ASSERT_EQ(contents[0], contents[1]) << "seed " << seed;
  }
}

// Nothing that a reader meets, and nothing acknowledged that a power loss takes, is missing in the
// atlas.
TEST(DamageTest, TheAtlasCoversWhatReadersMeetAndPowerLossTakes) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    DiskFixture f(seed);
    RandomStream random(RandomValue(seed, 12));
    for (const char* site : {"disk.bit_rot", "disk.latent_sector", "disk.lost_write",
                             "disk.misdirected_write", "disk.lying_sync"}) {
      f.decisions.SetRate(site, 100'000);
    }
    const Descriptor file = f.CreateDurable("a", std::string(4 * kBlock, 'a'));
    const Descriptor direct = f.Open("a", env::OpenMode::kReadWrite, true);
    for (int step = 0; step < 30; ++step) {
      const std::string data(kBlock, static_cast<char>('0' + step % 10));
      const std::uint64_t offset = random.Below(4) * kBlock;
      switch (random.Below(4)) {
        case 0: EXPECT_EQ(f.disk->WriteAt(file, offset, data, true), 0); break;
        case 1: EXPECT_EQ(f.disk->WriteAt(direct, offset, data, true), 0); break;
        case 2: EXPECT_EQ(f.disk->Sync(file), 0); break;
        default: Read(f, file); break;
      }
    }
    EXPECT_EQ(f.disk->Sync(file), 0);  // all is acknowledged
    const auto listed = [&f](std::uint64_t offset, bool now) {
      const std::vector<Damage> damages = f.disk->Damages();
      return std::any_of(damages.begin(), damages.end(), [&](const Damage& damage) {
        return (damage.readable_now || !now) && damage.Touches(offset, kSectorSize);
      });
    };
    f.disk->SetDamageVisible(false);
    const std::string good = f.Content("a");
    f.disk->SetDamageVisible(true);
    for (const char* site : {"disk.bit_rot", "disk.latent_sector"}) f.decisions.SetRate(site, 0);
    for (std::uint64_t offset = 0; offset < good.size(); offset += kSectorSize) {
      const bool met = Read(f, file, offset, kSectorSize) != good.substr(offset, kSectorSize);
      // What stayed may by chance be what should have come.
      ASSERT_TRUE(listed(offset, true) || !met) << "seed " << seed << " offset " << offset;
    }
    f.PowerLoss(kCutNone);
    f.disk->SetDamageVisible(false);
    const std::string left = f.Content("a");
    for (std::uint64_t offset = 0; offset < good.size(); offset += kSectorSize) {
      const bool lost = offset + kSectorSize > left.size() ||
                        left.substr(offset, kSectorSize) != good.substr(offset, kSectorSize);
      ASSERT_TRUE(listed(offset, false) || !lost) << "seed " << seed << " offset " << offset;
    }
  }
}

}  // namespace
}  // namespace beach::sim
