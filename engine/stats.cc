// SPDX-License-Identifier: Apache-2.0
#include "engine/stats.h"

namespace beach::engine {

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

}  // namespace beach::engine
