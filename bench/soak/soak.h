// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/soak/client.h"
#include "engine/db.h"

namespace beach::bench {

struct SoakPlan {
  std::uint64_t records = 0;  // REQUIRES: at least one a client
  std::uint64_t clients = 2;
  std::uint64_t time_ns = 0;
  std::uint64_t memory_bytes = 0;    // what the database may take
  std::uint64_t disk_bytes_max = 0;  // the run ends when its directory takes more
  std::uint64_t stall_ns_max = 1'000'000'000;
  // Before, caches and tables are still growing to their size.
  std::uint64_t memory_judged_after_ns = std::uint64_t{300} * 1'000'000'000;
  std::uint64_t period_ns = 1'000'000'000;  // between samples
};

// One second of a soak.
struct SoakSample {
  std::uint64_t since_begin_ns = 0;
  std::array<double, kSoakKinds> per_s = {};
  std::uint64_t longest_ns = 0;  // operation that ended in it
  std::uint64_t rss_bytes = 0;   // of the process, the shadows not counted
  std::uint64_t disk_bytes = 0;
  bool filled = false;  // all records have been put once
};

struct SoakReport {
  std::uint64_t wall_ns = 0;
  std::array<std::uint64_t, kSoakKinds> operations = {};
  std::uint64_t p50_ns = 0;
  std::uint64_t p99_ns = 0;
  std::uint64_t longest_ns = 0;
  std::uint64_t rss_bytes_most = 0;               // of all samples, the shadows not counted
  std::optional<std::uint64_t> rss_bytes_judged;  // the most of those that count; none: too short
  std::uint64_t disk_bytes_most = 0;
  std::uint64_t live_records = 0;     // that the last scan checked
  std::vector<std::string> findings;  // what the run was to find; empty is good
};

// How the process and the directory look, and whether somebody wants the end, which is asked for so
// long; for tests another.
struct SoakMeters {
  std::function<std::uint64_t()> rss_bytes;
  std::function<std::uint64_t()> disk_bytes;
  std::function<bool(std::uint64_t duration_ns)> asked_to_end;
};

// Drives the database by clients that check what they read, for the plan's time or until one of
// them meets what is wrong; then scans all of it against what the clients know. `told` hears each
// sample. Errors: of the database, but for kCorruption, which is a finding; kNoSpace beyond
// disk_bytes_max.
Result<SoakReport> RunSoak(engine::Db& db, const SoakPlan& plan, const SoakMeters& meters,
                           const std::function<void(const SoakSample&)>& told);

}  // namespace beach::bench
