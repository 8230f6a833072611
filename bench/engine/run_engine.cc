// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/run_engine.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/units.h"
#include "bench/engine/report.h"
#include "bench/engine/runner.h"
#include "bench/folder.h"
#include "bench/machine.h"
#include "bench/signals.h"
#include "command_line/terminal.h"

namespace beach::bench {
namespace {

// What a database may take, by what is put: log, tables, what compaction has not removed yet.
constexpr std::uint64_t kDiskFactor = 8;
constexpr std::uint64_t kRecordBytes = 116;
constexpr std::uint64_t kDiskLeast = std::uint64_t{1} << 30;
constexpr std::size_t kBarWidth = 20;

Result<Plan> PlanOf(const EngineArguments& arguments) {
  Plan plan;
  BEACH_TRY_ASSIGN(plan.workloads, ParseWorkloads(arguments.workloads));
  BEACH_TRY_ASSIGN(plan.threads, ParseThreads(arguments.threads));
  BEACH_TRY_ASSIGN(plan.settings.cache_size, ParseSize(arguments.cache));
  BEACH_TRY_ASSIGN(plan.settings.memtable_size, ParseSize(arguments.memtable));
  plan.records = arguments.n;
  plan.rounds = arguments.rounds;
  return plan;
}

Status CheckRoom(const Plan& plan, std::size_t engines) {
  BEACH_TRY_ASSIGN(const std::uint64_t free, FreeBytes(plan.directory));
  const std::uint64_t needed = (kDiskLeast + plan.records * kRecordBytes * kDiskFactor) * engines;
  if (free >= needed) return {};
  return Fail(
      ErrorCode::kNoSpace,
      fmt::format("{} has {} MiB free, the run may take {}: a smaller --n, or another --data",
                  plan.directory, free >> 20, needed >> 20));
}

std::string LineOf(const Position& at, std::uint64_t rounds) {
  return fmt::format("{} round {}/{}, {} on {}: {} %",
                     command_line::Bar(at.cells, at.cells_all, kBarWidth), at.round + 1, rounds,
                     at.workload, at.engine,
                     at.operations_all == 0 ? 0 : at.operations * 100 / at.operations_all);
}

Status Run(const EngineArguments& arguments) {
  BEACH_TRY_ASSIGN(Plan plan, PlanOf(arguments));
  const Engines built = BuiltEngines();
  BEACH_TRY_ASSIGN(const auto engines, ChooseEngines(built, arguments.peers));
  const HeldSignals signals;  // their end is the end of the run, which then cleans up
  BEACH_TRY_ASSIGN(const std::unique_ptr<Folder> folder, Folder::Make(arguments.data));
  plan.directory = folder->path();
  BEACH_TRY(CheckRoom(plan, engines.size()));
  std::vector<Series> series;
  {
    command_line::ProgressLine line;
    BEACH_TRY_ASSIGN(series, RunPlan(plan, engines, RunCellInChild, [&](const Position& at) {
                       if (line.Due()) line.Draw(LineOf(at, plan.rounds));
                     }));
  }
  const std::vector<Row> rows = MakeRows(series);
  const Context context{.plan = plan, .engines = engines};
  command_line::PrintOut(arguments.json ? AsJson(context, rows) : AsText(context, rows));
  return {};
}

}  // namespace

int RunEngine(const EngineArguments& arguments) {
  const Status status = Run(arguments);
  return status ? command_line::kExitFine : command_line::ReportError(status.error());
}

}  // namespace beach::bench
