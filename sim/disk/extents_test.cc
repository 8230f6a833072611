// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/extents.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace beach::sim {
namespace {

Slice Filled(std::uint64_t count, char fill) {
  const auto buffer = std::make_shared<char[]>(count * kSectorSize);
  std::fill_n(buffer.get(), count * kSectorSize, fill);
  return Slice{buffer, 0};
}

TEST(ExtentsTest, ZeroedPieceByPieceIsOneExtent) {
  ExtentMap map;
  for (std::uint64_t sector = 0; sector < 100; sector += 4) map.Put(sector, 4, Slice{});
  EXPECT_EQ(map.allocated(), 100U);
  EXPECT_EQ(map.end(), 100U);
  EXPECT_EQ(map.CountHoles(50, 100), 50U);
}

TEST(ExtentsTest, WriteInsideSplitsAndKeepsBothSides) {
  ExtentMap map;
  map.Put(0, 10, Filled(10, 'a'));
  map.Put(4, 2, Filled(2, 'b'));
  std::string bytes(10 * kSectorSize, '?');
  map.Read(0, bytes.data(), bytes.size());
  EXPECT_EQ(bytes, std::string(4 * kSectorSize, 'a') + std::string(2 * kSectorSize, 'b') +
                       std::string(4 * kSectorSize, 'a'));
  EXPECT_EQ(map.allocated(), 10U);
}

// Against an array with one character a sector: '.' is a hole.
RC_GTEST_PROP(ExtentsTest, BehavesAsAnArrayOfSectors, ()) {
  constexpr std::uint64_t kSectors = 24;
  ExtentMap map;
  std::string model(kSectors, '.');
  const int steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    const auto first = *rc::gen::inRange<std::uint64_t>(0, kSectors);
    const auto count = *rc::gen::inRange<std::uint64_t>(1, kSectors - first + 1);
    const auto kind = *rc::gen::inRange(0, 5);
    const char fill = kind == 0 || kind == 4 ? static_cast<char>('a' + step % 26) : '\0';
    if (kind == 0) map.Put(first, count, Filled(count, fill));
    if (kind == 1) map.Put(first, count, Slice{});
    if (kind == 2) map.Remove(first, count);
    if (kind == 3) map.FillHoles(first, count);
    const auto held = kind == 4 ? *rc::gen::inRange<std::uint64_t>(1, count + 1) : count;
    if (kind == 4) map.Put(first, count, Slice{Filled(held, fill).buffer, 0, held});
    for (std::uint64_t sector = first; sector < first + count; ++sector) {
      if (kind <= 1 || kind == 4) model[sector] = sector < first + held ? fill : '\0';
      if (kind == 2) model[sector] = '.';
      if (kind == 3 && model[sector] == '.') model[sector] = '\0';
    }
    std::string bytes(kSectors * kSectorSize, '?');
    map.Read(0, bytes.data(), bytes.size());
    std::string expected;
    for (const char sector : model) expected.append(kSectorSize, sector == '.' ? '\0' : sector);
    RC_ASSERT(bytes == expected);
    const auto holes = static_cast<std::uint64_t>(std::count(model.begin(), model.end(), '.'));
    RC_ASSERT(map.allocated() == kSectors - holes);
    RC_ASSERT(map.CountHoles(0, kSectors) == holes);
    RC_ASSERT(map.end() == model.find_last_not_of('.') + 1);
  }
}

}  // namespace
}  // namespace beach::sim
