// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/runner.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/check.h"
#include "bench/engine/child.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kCellLimitNs = std::uint64_t{3600} * 1'000'000'000;

const Workload& FillRandom() {
  const auto found = std::ranges::find(AllWorkloads(), Data::kMakes, &Workload::data);
  BEACH_CHECK(found != AllWorkloads().end());
  return *found;
}

Status Remove(const std::string& directory) {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  if (error) return Fail(ErrnoError(error.value(), "remove", directory));
  return {};
}

Status MakeEmpty(const std::string& directory) {
  BEACH_TRY(Remove(directory));
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Fail(ErrnoError(error.value(), "create", directory));
  return {};
}

// The work of one RunPlan.
class Rounds {
 public:
  Rounds(const Plan& plan, const std::vector<const Engine*>& engines, const CellRunner& runner,
         const std::function<void(const Position&)>& watch)
      : plan_(plan), engines_(engines), runner_(runner), watch_(watch) {
    for (const Step& step : StepsOf(plan)) {
      for (const Engine* engine : engines) {
        series_.push_back({.step = step, .engine = engine, .rounds = {}});
      }
    }
    position_.cells_all = series_.size() * plan.rounds;
  }

  Status Run() {
    const std::size_t count = engines_.size();
    for (; position_.round < plan_.rounds; ++position_.round) {
      for (std::size_t step = 0; step < series_.size(); step += count) {
        for (std::size_t turn = 0; turn < count; ++turn) {
          Series& series = series_[step + (turn + position_.round) % count];
          BEACH_TRY_ASSIGN(const CellResult result, Measure(series));
          series.rounds.push_back(result);
          ++position_.cells;
        }
      }
    }
    for (const Engine* engine : engines_) BEACH_TRY(Remove(DirectoryOf(*engine)));
    return {};
  }

  std::vector<Series> TakeSeries() { return std::move(series_); }

 private:
  std::string DirectoryOf(const Engine& engine) const {
    return plan_.directory + "/" + engine.name();
  }

  Result<CellResult> Measure(const Series& series) {
    const Engine& engine = *series.engine;
    const Step& step = series.step;
    const std::string shared = DirectoryOf(engine) + "/data";
    const std::string own = DirectoryOf(engine) + "/own";
    switch (step.workload->data) {
      case Data::kOwn: {
        BEACH_TRY(MakeEmpty(own));
        BEACH_TRY_ASSIGN(const CellResult result, RunOne(engine, step, own));
        BEACH_TRY(Remove(own));
        return result;
      }
      case Data::kMakes: {
        BEACH_TRY(MakeEmpty(shared));
        BEACH_TRY_ASSIGN(const CellResult result, RunOne(engine, step, shared));
        filled_.insert(engine.name());
        return result;
      }
      case Data::kReads: {
        BEACH_TRY(Fill(engine, shared));
        return RunOne(engine, step, shared);
      }
      case Data::kChanges: break;
    }
    BEACH_TRY(Fill(engine, shared));
    filled_.erase(engine.name());
    return RunOne(engine, step, shared);
  }

  // The filled database is in `directory`, unchanged.
  Status Fill(const Engine& engine, const std::string& directory) {
    if (filled_.contains(engine.name())) return {};
    BEACH_TRY(MakeEmpty(directory));
    BEACH_TRY(RunOne(engine, {.workload = &FillRandom(), .threads = 1}, directory));
    filled_.insert(engine.name());
    return {};
  }

  Result<CellResult> RunOne(const Engine& engine, const Step& step, const std::string& directory) {
    const Cell cell{.workload = step.workload,
                    .threads = step.threads,
                    .records = plan_.records,
                    .operations = OperationsOf(step, plan_.records),
                    .settings = plan_.settings,
                    .directory = directory};
    position_.engine = engine.name();
    position_.workload = step.workload->name;
    position_.operations = 0;
    position_.operations_all = cell.operations;
    Result<CellResult> result = runner_(engine, cell, [this](std::uint64_t operations) {
      position_.operations = operations;
      watch_(position_);
    });
    if (result) return result;
    return Fail(result.error().code(),
                engine.name() + ", " + step.workload->name + ": " + result.error().ToString());
  }

  const Plan& plan_;
  const std::vector<const Engine*>& engines_;
  const CellRunner& runner_;
  const std::function<void(const Position&)>& watch_;
  std::vector<Series> series_;
  std::set<std::string> filled_;  // engines whose shared database may be read
  Position position_;
};

}  // namespace

Result<CellResult> RunCellInChild(const Engine& engine, const Cell& cell,
                                  const std::function<void(std::uint64_t)>& watch) {
  return RunInChild([&](Progress& progress) { return RunCell(engine, cell, progress); }, watch,
                    kCellLimitNs);
}

Result<std::vector<Series>> RunPlan(const Plan& plan, const std::vector<const Engine*>& engines,
                                    const CellRunner& runner,
                                    const std::function<void(const Position&)>& watch) {
  BEACH_CHECK(!engines.empty());
  Rounds rounds(plan, engines, runner, watch);
  BEACH_TRY(rounds.Run());
  return rounds.TakeSeries();
}

}  // namespace beach::bench
