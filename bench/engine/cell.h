// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "bench/engine/engine.h"
#include "bench/engine/plan.h"

namespace beach::bench {

// One workload on one engine, once.
struct Cell {
  const Workload* workload = nullptr;
  std::uint64_t threads = 1;
  std::uint64_t records = 0;     // that the database holds, or is to hold, for all but kOwn
  std::uint64_t operations = 0;  // of all threads together
  StoreSettings settings = {};   // sync is the workload's
  std::string directory = {};    // exists; empty for kOwn and kMakes
};

// What came of it. Plain memory, because it is handed from one process to another.
struct CellResult {
  std::uint64_t operations = 0;
  std::uint64_t wall_ns = 0;
  std::uint64_t p50_ns = 0;  // of the operations timed by themselves
  std::uint64_t p99_ns = 0;
  std::uint64_t disk_bytes = 0;      // that the closed database takes
  std::uint64_t user_bytes = 0;      // keys and values put
  std::uint64_t written_bytes = 0;   // that the process sent to the disk, until it was closed
  std::uint64_t peak_rss_bytes = 0;  // of the process, but for what checks the data afterwards
  std::uint64_t settle_ns = 0;       // until the engine's own threads rested afterwards
  std::uint64_t misses_counted = 0;  // in how many gets of absent keys these were looked into:
  std::uint64_t blocks_counted = 0;
};

// Counts up to the cell's operations, for who watches.
using Progress = std::atomic<std::uint64_t>;

// Opens the engine, runs the workload in this process, checks all data, and closes. Reads run after
// one scan over everything, which checks it, and a tenth as many reads. Errors: what the engine
// returned; kCorruption for a get, a scan or a count that is not what was put.
Result<CellResult> RunCell(const Engine& engine, const Cell& cell, Progress& progress);

}  // namespace beach::bench
