// SPDX-License-Identifier: Apache-2.0
#include "engine/stats.h"

#include <fmt/format.h>

namespace beach::engine {
namespace {

// "12 bytes", "3.4 MiB".
std::string Size(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  std::size_t unit = 0;
  while (bytes >= 1024 * 1024) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{}.{} {}", bytes / 1024, bytes % 1024 * 10 / 1024, kUnits[unit]);
}

std::string Hundredths(std::uint64_t value) {
  return fmt::format("{}.{:02}", value / 100, value % 100);
}

}  // namespace

std::uint64_t DbStats::write_amplification() const {
  if (user_bytes == 0) return 0;
  return (log_bytes + flush_bytes + compaction_bytes) * 100 / user_bytes;
}

std::uint64_t DbStats::read_amplification() const {
  std::uint64_t sources = levels.empty() ? 0 : levels[0].tables;
  for (std::size_t i = 1; i < levels.size(); ++i) sources += levels[i].tables > 0 ? 1 : 0;
  return sources * 100;
}

std::uint64_t DbStats::space_amplification() const {
  std::uint64_t all = 0;
  std::uint64_t deepest = 0;
  for (const Level& level : levels) {
    all += level.bytes;
    if (level.bytes > 0) deepest = level.bytes;
  }
  return deepest == 0 ? 0 : all * 100 / deepest;
}

std::string DbStats::ToString() const {
  std::string text;
  const auto line = [&text](const char* name, const std::string& value) {
    text += fmt::format("{:<22} {}\n", name, value);
  };
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].tables == 0) continue;
    line(fmt::format("level {}", i).c_str(),
         fmt::format("{} tables, {}", levels[i].tables, Size(levels[i].bytes)));
  }
  if (named_tables > 0) line("named tables", std::to_string(named_tables));
  line("written by the user", Size(user_bytes));
  line("to the log", Size(log_bytes));
  line("by flushes", fmt::format("{} in {} tables", Size(flush_bytes), flushes));
  line("by compactions",
       fmt::format("{} of {} read, in {} of them; {} tables moved", Size(compaction_bytes),
                   Size(compaction_read_bytes), compactions, moves));
  line("amplification",
       fmt::format("write {}, read {}, space {}", Hundredths(write_amplification()),
                   Hundredths(read_amplification()), Hundredths(space_amplification())));
  if (time + expired_dropped > 0) {
    line("time", fmt::format("{}; {} values dropped that had expired", time, expired_dropped));
  }
  line("under way", fmt::format("{} compactions, {} snapshots, {} pinned views",
                                compactions_running, snapshots, pinned_views));
  if (log_cursors + log_pinned_bytes + file_pins > 0) {
    line("held", fmt::format("{} log cursors, {} of log for them, {} pins of files", log_cursors,
                             Size(log_pinned_bytes), file_pins));
  }
  if (compactions_failed + tables_aside > 0) {
    line("in trouble", fmt::format("{} compactions failed, {} tables that cannot be read",
                                   compactions_failed, tables_aside));
  }
  line("writers",
       pressure_reason.empty()
           ? fmt::format("not slowed down; have waited {} ms", throttled_ns / 1'000'000)
           : fmt::format("slowed down by {} of 1000 for {}, {} to go; have waited {} ms", pressure,
                         pressure_reason, Size(debt_bytes), throttled_ns / 1'000'000));
  return text;
}

}  // namespace beach::engine
