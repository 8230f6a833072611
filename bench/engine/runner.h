// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/engine/cell.h"
#include "bench/engine/plan.h"

namespace beach::bench {

// All rounds of one step on one engine.
struct Series {
  Step step;
  const Engine* engine = nullptr;
  std::vector<CellResult> rounds;  // by round: those of all engines belong together
};

// Where the work is.
struct Position {
  std::uint64_t round = 0;  // from 0
  std::uint64_t cells = 0;  // done, of
  std::uint64_t cells_all = 0;
  std::string engine;
  std::string workload;
  std::uint64_t operations = 0;  // done, of
  std::uint64_t operations_all = 0;
};

// How a cell is run: in a process of its own, but for tests.
using CellRunner = std::function<Result<CellResult>(
    const Engine&, const Cell&, const std::function<void(std::uint64_t)>& watch)>;
Result<CellResult> RunCellInChild(const Engine& engine, const Cell& cell,
                                  const std::function<void(std::uint64_t)>& watch);

// Runs every step of every round on every engine: the engines take turns at each step, and another
// of them begins each round. What a step needs and has not is filled first, unmeasured. Directories
// are removed as soon as nothing needs them. The result has the steps in order, and in each the
// engines. Errors: of a cell, with its engine and workload; of making and removing directories.
Result<std::vector<Series>> RunPlan(const Plan& plan, const std::vector<const Engine*>& engines,
                                    const CellRunner& runner,
                                    const std::function<void(const Position&)>& watch);

}  // namespace beach::bench
