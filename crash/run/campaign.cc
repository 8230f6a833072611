// SPDX-License-Identifier: Apache-2.0
#include "crash/run/campaign.h"

#include <algorithm>
#include <filesystem>

#include "crash/points/points.h"
#include "crash/run/folders.h"

namespace beach::crash {
namespace {

constexpr std::uint64_t kReplays = 3;
constexpr std::uint64_t kTriesOfPassage = 3;

// Runs plans, each in a folder of its own, and keeps what came of them.
class Conductor {
 public:
  Conductor(const Campaign& campaign, const Progress& progress, const GoOn& go_on)
      : campaign_(campaign), progress_(progress), go_on_(go_on) {}

  Place NewPlace() {
    return {.program = campaign_.program,
            .workspace = campaign_.workspace + "/run-" + std::to_string(++places_),
            .go_on = go_on_};
  }

  // Its folder stays where something was found.
  Result<RunReport> Run(const Plan& plan) {
    const Place place = NewPlace();
    BEACH_TRY_ASSIGN(const RunReport report, RunPlan(plan, place));
    if (report.verdict.ok()) Remove(place);
    return report;
  }

  // The same, and again where nothing struck: what happens at rest is not the same in each run, so
  // that a passage may be missing in one.
  Result<RunReport> RunUntilStruck(const Plan& plan) {
    RunReport report;
    for (std::uint64_t tries = 0; tries < kTriesOfPassage; ++tries) {
      BEACH_TRY_ASSIGN(report, Run(plan));
      if (!report.struck.empty() || !report.verdict.ok() || report.interrupted) return report;
    }
    ++totals.missed;
    return report;
  }

  Status Keep(const Plan& plan, const RunReport& report, const std::string& name,
              std::uint64_t all) {
    if (report.interrupted) return {};
    totals.Add(report);
    BEACH_TRY(Write(plan, report, name));
    if (!report.verdict.ok()) RunAgain(plan, report.verdict.signature);
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
    if (!report.verdict.ok() && totals.artifact.empty()) totals.artifact = path;
    return {};
  }

  // An error ends it, and takes nothing from what was found.
  void RunAgain(const Plan& plan, const std::string& signature) {
    for (; totals.replays < kReplays; ++totals.replays) {
      const Result<RunReport> again = Run(plan);
      if (!again || again->interrupted) return;
      if (again->verdict.signature == signature) ++totals.replayed;
    }
  }

  const Campaign& campaign_;
  const Progress& progress_;
  const GoOn& go_on_;
  std::uint64_t places_ = 0;
};

// The same kind of operation at the end of a life, under a new id.
void Append(Life& life, const char* kind, std::vector<std::string> arguments) {
  artifacts::Operation operation = life.operations.back();
  operation.kind = kind;
  operation.arguments = std::move(arguments);
  ++operation.id;
  life.operations.push_back(std::move(operation));
}

// One client, so that a passage is the same in each run; nothing merges by itself.
Plan ShortPlan(const PlanRequest& request) {
  PlanRequest shorter = request;
  shorter.clients = 1;
  shorter.cycles = 2;
  Plan plan = MakePlan(shorter);
  std::erase_if(plan.lives, [](const Life& life) { return life.operations.empty(); });
  // The places that a drawn workload may not come to: each kind of work, often enough.
  for (Life& life : plan.lives) {
    life.operations.back().id *= 1000;  // above those of the other lives
    for (const char* kind : {"backup", "flush", "compact", "backup", "checkpoint", "backup"}) {
      Append(life, kind, {});
      Append(life, "put", {"sync", "short", "9"});
      Append(life, "put", {"nosync", "long", "12000"});
    }
    Append(life, "flush", {});
    Append(life, "put", {"nosync", "short", "10"});
    life.armed.clear();
    life.power_lost_at = 0;
    life.ending = Ending::kKill;
    life.ending_at = 0;
  }
  // The first leaves a little to be recovered, the second more than a memtable holds.
  Append(plan.lives.back(), "put", {"nosync", "long", "12000"});
  plan.lives.emplace_back().ending = Ending::kClose;
  plan.lives.emplace_back().ending = Ending::kClose;
  plan.options["compaction_style"] = 2;
  plan.options[kSettleKnob] = 0;  // all waits for its end as it is
  plan.options["memtable_size"] = 2048;
  plan.options["manifest_size_max"] = 512;
  return plan;
}

struct ArmedLife {
  std::size_t life;
  env::ArmedFailpoint armed;
};

// Every passage of the failpoints that have not struck yet.
std::vector<ArmedLife> PassagesLeft(const CountedRun& counted, const Totals& totals) {
  std::vector<ArmedLife> cases;
  // The last life looks at what the one before it left.
  for (std::size_t life = 0; life + 1 < counted.lives.size(); ++life) {
    for (const auto& [name, count] : counted.lives[life]) {
      if (totals.sum.struck.contains(name)) continue;
      for (std::uint64_t hit = 1; hit <= count; ++hit) cases.push_back({life, {name, hit}});
    }
  }
  return cases;
}

}  // namespace

void Totals::Add(const RunReport& report) {
  ++runs;
  if (sum.verdict.ok()) sum.verdict = report.verdict;
  sum.lives += report.lives;
  sum.kills += report.kills;
  sum.kills_in_recovery += report.kills_in_recovery;
  sum.power_cuts += report.power_cuts;
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

Result<Plan> ReadPlan(const std::string& path, artifacts::Artifact& artifact) {
  BEACH_TRY_ASSIGN(const std::string text, ReadFile(path));
  auto read = artifacts::FromJson(text);
  if (!read) return Fail(Error(ErrorCode::kRefused, read.error().ToString()).At(path));
  artifact = *std::move(read);
  auto plan = TakePlan(artifact);
  if (!plan) return Fail(Error(ErrorCode::kRefused, plan.error().message()).At(path));
  return plan;
}

Result<Totals> RunCampaign(const Campaign& campaign, const Progress& progress, const GoOn& go_on) {
  Conductor conductor(campaign, progress, go_on);
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
  Conductor conductor(campaign, progress, go_on);
  Totals& totals = conductor.totals;
  // Segments are kept for use again, or removed: what one leaves out the other passes.
  for (const std::uint64_t recycled : {1U, 0U}) {
    if (!totals.sum.verdict.ok() || !go_on()) break;
    Plan plan = ShortPlan(campaign.request);
    plan.options["wal_recycled_max"] = recycled;
    const Place place = conductor.NewPlace();
    BEACH_TRY_ASSIGN(const CountedRun counted, CountPassages(plan, place));
    if (counted.report.verdict.ok()) conductor.Remove(place);
    const std::vector<ArmedLife> cases = PassagesLeft(counted, totals);
    const std::uint64_t all = totals.runs + 1 + cases.size();
    BEACH_TRY(
        conductor.Keep(plan, counted.report, "crash-counted-" + std::to_string(recycled), all));
    for (const ArmedLife& one : cases) {
      if (!totals.sum.verdict.ok() || !go_on()) break;
      plan.lives[one.life].armed = {one.armed};
      BEACH_TRY_ASSIGN(const RunReport report, conductor.RunUntilStruck(plan));
      const std::string name = "crash-" + std::to_string(one.life + 1) + "-" + one.armed.name +
                               "-" + std::to_string(one.armed.hit);
      BEACH_TRY(conductor.Keep(plan, report, name, all));
      plan.lives[one.life].armed.clear();
    }
  }
  for (const Point& point : Points()) {
    const std::string name(point.name);
    if (!totals.sum.struck.contains(name)) totals.never.push_back(name);
  }
  return std::move(totals);
}

}  // namespace beach::crash
