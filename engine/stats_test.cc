// SPDX-License-Identifier: Apache-2.0
#include "engine/stats.h"

#include <gtest/gtest.h>

namespace beach::engine {
namespace {

// What is behind the name on its line; "-" where there is no such line.
std::string Said(const DbStats& stats, const std::string& name) {
  const std::string text = "\n" + stats.ToString();
  const std::size_t line = text.find("\n" + name + " ");
  if (line == std::string::npos) return "-";
  const std::size_t begin = text.find_first_not_of(' ', line + 1 + name.size());
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(DbStats, SizesAreSaidInTheirUnits) {
  const auto said = [](std::uint64_t bytes) {
    DbStats stats;
    stats.user_bytes = bytes;
    return Said(stats, "written by the user");
  };
  EXPECT_EQ(said(0), "0 bytes");
  EXPECT_EQ(said(1023), "1023 bytes");
  EXPECT_EQ(said(1024), "1.0 KiB");
  EXPECT_EQ(said(1536), "1.5 KiB");
  EXPECT_EQ(said((1 << 20) - 1), "1023.9 KiB");
  EXPECT_EQ(said(1 << 20), "1.0 MiB");
  EXPECT_EQ(said(~std::uint64_t{0}), "15.9 EiB");
}

TEST(DbStats, OfWhatIsNotThereNothingIsSaid) {
  const DbStats stats;
  for (const char* name : {"level 0", "named tables", "time", "held", "in trouble"}) {
    EXPECT_EQ(Said(stats, name), "-") << name;
  }
  EXPECT_EQ(Said(stats, "amplification"), "write 0.00, read 0.00, space 0.00");
  EXPECT_EQ(Said(stats, "writers"), "not slowed down; have waited 0 ms");
}

TEST(DbStats, WhatIsThereIsSaid) {
  DbStats stats;
  stats.levels = {{.tables = 2, .bytes = 100}, {}, {.tables = 1, .bytes = 400}};
  stats.user_bytes = 100;
  stats.log_bytes = 150;
  stats.flush_bytes = 100;
  stats.compaction_bytes = 37;
  stats.named_tables = 3;
  stats.time = 7;
  stats.expired_dropped = 8;
  stats.log_cursors = 1;
  stats.log_pinned_bytes = 2048;
  stats.file_pins = 4;
  stats.compactions_failed = 5;
  stats.tables_aside = 6;
  stats.pressure_reason = "debt";
  stats.pressure = 250;
  stats.debt_bytes = 3 << 20;
  stats.throttled_ns = 9'999'999;
  EXPECT_EQ(Said(stats, "level 0"), "2 tables, 100 bytes");
  EXPECT_EQ(Said(stats, "level 1"), "-");
  EXPECT_EQ(Said(stats, "level 2"), "1 tables, 400 bytes");
  EXPECT_EQ(Said(stats, "amplification"), "write 2.87, read 3.00, space 1.25");
  EXPECT_EQ(Said(stats, "named tables"), "3");
  EXPECT_EQ(Said(stats, "time"), "7; 8 values dropped that had expired");
  EXPECT_EQ(Said(stats, "held"), "1 log cursors, 2.0 KiB of log for them, 4 pins of files");
  EXPECT_EQ(Said(stats, "in trouble"), "5 compactions failed, 6 tables that cannot be read");
  EXPECT_EQ(Said(stats, "writers"),
            "slowed down by 250 of 1000 for debt, 3.0 MiB to go; have waited 9 ms");
}

}  // namespace
}  // namespace beach::engine
