// SPDX-License-Identifier: Apache-2.0
// Boots the images of every released version (artifacts/images/) with today's engine, under kills
// and power losses.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/scenarios/upgrade/world.h"
#include "sim/sweep/os_files.h"

namespace beach::sim::scenarios::upgrade {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 10;
#else
constexpr std::uint64_t kSeeds = 200;
#endif

std::vector<std::string> Paths() {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(BEACH_SOURCE_DIR "/artifacts/images")) {
    if (entry.path().extension() == ".image") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

DiskImage Read(const std::string& path) {
  const auto bytes = sweep::OsReadFile(path);
  EXPECT_TRUE(bytes) << path;
  auto image = DecodeImage(bytes.value_or(""));
  EXPECT_TRUE(image) << path << ": " << (image ? "" : image.error().ToString());
  return image ? *std::move(image) : DiskImage{};
}

std::string Verdict(const RunReport& report) {
  return report.verdict.signature + ": " + report.verdict.message;
}

TEST(Upgrade, EveryImageBootsWithAllThatWasInIt) {
  ASSERT_FALSE(Paths().empty());
  for (const std::string& path : Paths()) {
    const DiskImage image = Read(path);
    std::uint64_t looks = 0;
    std::uint64_t strikes = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const RunReport report = Boot(image, seed);
      EXPECT_TRUE(report.verdict.ok()) << path << ", seed " << seed << ": " << Verdict(report);
      looks += report.operations;
      for (const auto& [where, count] : report.strikes) strikes += count;
    }
    EXPECT_GE(looks, 6 * kSeeds) << path;  // of the last life alone
    EXPECT_GT(strikes, kSeeds / 2) << path;
  }
}

// Whoever changes the version of a format adds an image: `make image`.
TEST(Upgrade, SomeImageIsInTheFormatsOfToday) {
  const auto is_of_today = [](const std::string& path) {
    return FormatsOf(Read(path)).value_or("") == FormatsNow();
  };
  EXPECT_TRUE(std::ranges::any_of(Paths(), is_of_today)) << FormatsNow();
}

// What the maker writes is read by the maker's own version first.
TEST(Upgrade, AnImageOfTodayBoots) {
  const DiskImage image = MakeImage();
  EXPECT_EQ(MakeImage(), image);
  for (const char* const name : {"db", "copy", "backups"}) {
    const auto expected = ExpectedOf(image, name);
    ASSERT_TRUE(expected) << expected.error().ToString();
    EXPECT_GT(expected->size(), 50U) << name;
  }
  const RunReport report = Boot(image, 1);
  EXPECT_TRUE(report.verdict.ok()) << Verdict(report);
}

TEST(Upgrade, WhatIsMissingOrChangedIsTold) {
  const DiskImage image = MakeImage();
  for (const char* const name : {"db", "copy", "backups"}) {
    DiskImage changed = image;
    const auto list = std::ranges::find(changed.entries, std::string("expected-") + name,
                                        &DiskImage::Entry::path);
    ASSERT_NE(list, changed.entries.end());
    Bytes content = ContentOf(*list);
    content.erase(0, content.find('\n') + 1);
    list->size_bytes = content.size();
    list->runs = RunsOf(content);
    EXPECT_EQ(Boot(changed, 1).verdict.signature, "upgrade/upgrade-differs") << name;
  }
  DiskImage damaged = image;
  const auto table = std::ranges::find_if(damaged.entries, [](const DiskImage::Entry& entry) {
    return entry.path.starts_with("db/") && entry.path.ends_with(".sst");
  });
  ASSERT_NE(table, damaged.entries.end());
  table->runs[0].bytes[100] ^= 1;
  EXPECT_NE(Boot(damaged, 1).verdict.signature, "ok");
}

}  // namespace
}  // namespace beach::sim::scenarios::upgrade
