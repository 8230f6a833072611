// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/pressure.h"

#include <algorithm>

#include "engine/compaction/picker.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kDelayMaxNs = 100'000'000;

// 0 at `slow`, kPressureStop at `stop` and above.
std::uint64_t Between(std::uint64_t value, std::uint64_t slow, std::uint64_t stop) {
  if (value >= stop) return kPressureStop;
  if (value <= slow) return 0;
  return (value - slow) * kPressureStop / (stop - slow);
}

}  // namespace

Pressure PressureOf(const Version& version, const Options& options) {
  Pressure pressure;
  pressure.level0_count = version.levels[0].size();
  if (options.compaction_style == CompactionStyle::kManual) return pressure;
  pressure.debt_bytes = CompactionDebt(version, options);
  const std::uint64_t by_count =
      Between(pressure.level0_count, options.level0_slow_count, options.level0_stop_count);
  const std::uint64_t by_debt =
      Between(pressure.debt_bytes, options.compaction_debt_slow, options.compaction_debt_stop);
  pressure.level = std::max(by_count, by_debt);
  if (pressure.level > 0) pressure.reason = by_count >= by_debt ? "level0_count" : "debt";
  return pressure;
}

std::uint64_t DelayFor(std::uint64_t pressure, std::uint64_t bytes) {
  const std::uint64_t per_kilobyte = pressure * pressure;  // 1000^2 ns at the end
  if (per_kilobyte == 0) return 0;
  // A batch has less than 2^30 bytes.
  return std::min(bytes * per_kilobyte / 1000, kDelayMaxNs);
}

}  // namespace beach::engine
