// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/histogram.h"
#include "bench/engine/cell.h"

namespace beach::bench {

// What all threads of a workload did.
struct LaneTotals {
  std::uint64_t operations = 0;
  std::uint64_t puts = 0;  // of readwhilewriting: by the writer beside them, too
  std::uint64_t wall_ns = 0;
  Histogram latency_ns = {};
};

// Runs the cell's operations by its threads, which begin together. `pass` gives the random choices.
// The first failure ends the others soon. Errors: as RunCell.
Result<LaneTotals> RunLanes(Store& store, const Cell& cell, std::uint64_t pass, Progress& progress);

enum class Expect : std::uint8_t { kEachRecord, kSomeRecords };
// Reads everything: so many records in order, each with every byte as it was put. They are those
// from 0 on, or any.
Status CheckAll(Store& store, std::uint64_t records, Expect expect = Expect::kEachRecord);

// Data blocks looked into by `misses` gets of absent keys; nothing where the engine cannot tell.
Result<std::optional<std::uint64_t>> CountBlocks(Store& store, const Cell& cell,
                                                 std::uint64_t misses);

}  // namespace beach::bench
