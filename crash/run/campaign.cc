// SPDX-License-Identifier: Apache-2.0
#include "crash/run/campaign.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "crash/cli/folders.h"
#include "crash/points/points.h"

namespace beach::crash {
namespace {

constexpr std::uint64_t kReplays = 3;
constexpr std::uint64_t kTriesOfPassage = 3;

// Runs plans, each in a folder of its own, and keeps what came of them.
class Conductor {
 public:
  Conductor(const Campaign& campaign, const Progress& progress)
      : campaign_(campaign), progress_(progress) {}

  Place NewPlace() {
    return {.program = campaign_.program,
            .workspace = campaign_.workspace + "/run-" + std::to_string(++places_)};
  }

  // Its folder stays where something was found.
  Result<RunReport> Run(const Plan& plan) {
    const Place place = NewPlace();
    BEACH_TRY_ASSIGN(const RunReport report, RunPlan(plan, place));
    if (report.verdict.ok()) Remove(place);
    return report;
  }

  Status Keep(const Plan& plan, const RunReport& report, const std::string& name,
              std::uint64_t all) {
    totals.Add(report);
    BEACH_TRY(Write(plan, report, name));
    if (!report.verdict.ok()) BEACH_TRY(RunAgain(plan, report.verdict.signature));
    progress_(totals, all);
    return {};
  }

  static void Remove(const Place& place) {
    std::error_code ignored;  // what stays takes room and nothing else
    std::filesystem::remove_all(place.workspace, ignored);
  }

  Totals totals;

 private:
  Status Write(const Plan& plan, const RunReport& report, const std::string& name) {
    const std::string path = campaign_.artifacts + "/" + name + ".json";
    BEACH_TRY(WriteFile(path, artifacts::ToJson(MakeArtifact(plan, report))));
    if (!report.verdict.ok()) totals.artifact = path;
    return {};
  }

  Status RunAgain(const Plan& plan, const std::string& signature) {
    for (; totals.replays < kReplays; ++totals.replays) {
      BEACH_TRY_ASSIGN(const RunReport again, Run(plan));
      if (again.verdict.signature == signature) ++totals.replayed;
    }
    return {};
  }

  const Campaign& campaign_;
  const Progress& progress_;
  std::uint64_t places_ = 0;
};

// One client, so that a passage is the same in each run; nothing merges by itself.
Plan ShortPlan(const PlanRequest& request) {
  PlanRequest shorter = request;
  shorter.clients = 1;
  shorter.cycles = 2;
  Plan plan = MakePlan(shorter);
  std::erase_if(plan.lives, [](const Life& life) { return life.operations.empty(); });
  // The places that a drawn workload may not come to: each kind of work, often enough.
  for (Life& life : plan.lives) {
    std::uint64_t id = life.operations.back().id * 1000;
    for (const char* kind : {"backup", "flush", "compact", "backup", "checkpoint", "backup"}) {
      artifacts::Operation operation = life.operations.back();
      operation.id = ++id;
      operation.kind = kind;
      operation.arguments.clear();
      life.operations.push_back(std::move(operation));
      operation = life.operations.front();
      operation.id = ++id;
      operation.kind = "put";
      operation.arguments = {"nosync", "long", "12000"};
      life.operations.push_back(std::move(operation));
    }
    life.armed.clear();
    life.ending = Ending::kKill;
  }
  plan.lives.back().ending = Ending::kClose;
  plan.lives.emplace_back().ending = Ending::kClose;
  plan.options["compaction_style"] = 2;
  plan.options["memtable_size"] = 2048;
  plan.options["wal_recycled_max"] = 1;
  plan.options["manifest_size_max"] = 512;
  return plan;
}

}  // namespace

void Totals::Add(const RunReport& report) {
  ++runs;
  if (sum.verdict.ok()) sum.verdict = report.verdict;
  sum.lives += report.lives;
  sum.kills += report.kills;
  sum.kills_in_recovery += report.kills_in_recovery;
  sum.operations += report.operations;
  sum.acknowledged += report.acknowledged;
  for (const auto& [name, count] : report.struck) sum.struck[name] += count;
}

artifacts::Artifact MakeArtifact(const Plan& plan, const RunReport& report) {
  artifacts::Artifact artifact;
  artifact.build_id = "beachcrash " BEACH_VERSION;
  PutPlan(plan, artifact);
  artifact.verdict = report.verdict;
  artifact.last_events = report.events;
  return artifact;
}

Result<Totals> RunCampaign(const Campaign& campaign, const Progress& progress, const GoOn& go_on) {
  Conductor conductor(campaign, progress);
  const std::uint64_t most = std::max<std::uint64_t>(campaign.cycles_per_run, 1);
  const std::uint64_t runs = (campaign.cycles + most - 1) / most;
  for (std::uint64_t run = 0; run < runs && go_on(); ++run) {
    PlanRequest request = campaign.request;
    request.seed += run;
    request.cycles = std::min(most, campaign.cycles - run * most);
    const Plan plan = MakePlan(request);
    BEACH_TRY_ASSIGN(const RunReport report, conductor.Run(plan));
    BEACH_TRY(conductor.Keep(plan, report, "crash-" + std::to_string(request.seed), runs));
    if (!report.verdict.ok()) break;
  }
  for (const env::ArmedFailpoint& armed : campaign.request.armed) {
    if (!conductor.totals.sum.struck.contains(armed.name)) {
      conductor.totals.never.push_back(armed.name);
    }
  }
  return std::move(conductor.totals);
}

Result<Totals> RunExhaustively(const Campaign& campaign, const Progress& progress,
                               const GoOn& go_on) {
  Conductor conductor(campaign, progress);
  const Plan plan = ShortPlan(campaign.request);
  const Place place = conductor.NewPlace();
  BEACH_TRY_ASSIGN(const CountedRun counted, CountPassages(plan, place));
  if (counted.report.verdict.ok()) conductor.Remove(place);
  std::uint64_t all = 1;
  for (const Passages& passages : counted.lives) {
    for (const auto& [name, count] : passages) all += count;
  }
  BEACH_TRY(conductor.Keep(plan, counted.report, "crash-counted", all));
  for (std::size_t life = 0; life < counted.lives.size(); ++life) {
    for (const auto& [name, count] : counted.lives[life]) {
      for (std::uint64_t hit = 1; hit <= count && go_on(); ++hit) {
        if (!conductor.totals.sum.verdict.ok()) break;
        Plan armed = plan;
        armed.lives[life].armed = {{name, hit}};
        RunReport report;
        // What happens at rest is not the same in each run: a passage may be missing in one.
        for (std::uint64_t tries = 0; tries < kTriesOfPassage; ++tries) {
          BEACH_TRY_ASSIGN(report, conductor.Run(armed));
          if (!report.struck.empty() || !report.verdict.ok()) break;
        }
        if (report.struck.empty()) ++conductor.totals.missed;
        BEACH_TRY(conductor.Keep(armed, report,
                                 "crash-" + std::to_string(life + 1) + "-" + name + "-" +
                                     std::to_string(hit),
                                 all));
      }
    }
  }
  for (const Point& point : Points()) {
    const std::string name(point.name);
    if (!conductor.totals.sum.struck.contains(name)) conductor.totals.never.push_back(name);
  }
  return std::move(conductor.totals);
}

}  // namespace beach::crash
