// SPDX-License-Identifier: Apache-2.0
#include "crash/plan/plan.h"

#include <algorithm>

#include "base/random.h"
#include "base/site.h"
#include "crash/plan/workload.h"
#include "crash/points/points.h"

namespace beach::crash {
namespace {

constexpr std::uint64_t kClientsAtOnceMax = 4;
constexpr std::uint64_t kTimeMaxMs = 60;
// Of a drawn passage: 1, up to 2, up to 4, ... so often each.
constexpr std::uint64_t kHitBitsMax = 4;
// The same of operations of the disk, of which a life has some hundreds and a recovery some dozens.
constexpr std::uint64_t kPowerBitsMax = 10;
constexpr std::uint64_t kRecoveryOperationsMax = 60;

using Options = std::map<std::string, std::uint64_t>;

// Small enough that files are begun, merged and retired all the time.
Options DrawOptions(RandomStream stream) {
  Options options;
  const auto one_of = [&stream](std::initializer_list<std::uint64_t> values) {
    return *(values.begin() + stream.Below(values.size()));
  };
  options["memtable_size"] = one_of({2, 4, 8, 16}) << 10;
  options["memtable_kind"] = stream.Below(3);
  options["frozen_memtables_max"] = stream.Between(1, 2);
  options["wal_segment_size"] = std::uint64_t{64} << 10;
  options["wal_direct"] = stream.Below(2);
  options["wal_flights_max"] = stream.Between(1, 3);
  options["wal_recycled_max"] = stream.Below(3);
  options["manifest_size_max"] = one_of({512, 2048, 8192});
  options["block_size"] = one_of({256, 1024, 4096});
  options["block_cache_size"] = one_of({0, 16, 256}) << 10;
  options["compaction_style"] = stream.Below(3);
  options["compaction_threads"] = stream.Between(1, 2);
  options["table_size"] = one_of({1, 4, 16}) << 10;
  options["level0_compact_count"] = stream.Between(2, 4);
  options["level_size_base"] = one_of({4, 16}) << 10;
  options["level_size_ratio"] = stream.Between(2, 4);
  return options;
}

env::ArmedFailpoint DrawPoint(RandomStream& stream, PointKind kind) {
  std::vector<const Point*> of_kind;
  for (const Point& point : Points()) {
    if (point.kind == kind) of_kind.push_back(&point);
  }
  const Point& chosen = *of_kind[stream.Below(of_kind.size())];
  const std::uint64_t hit = 1 + stream.Below(std::uint64_t{1} << stream.Below(kHitBitsMax));
  return {std::string(chosen.name), hit};
}

void DrawEnding(Life& life, RandomStream& stream, const PlanRequest& request) {
  life.ending = Ending::kKill;
  if (!request.armed.empty()) {
    life.armed = request.armed;
    return;
  }
  if (request.timed) {
    life.ending = Ending::kKillAt;
    life.ending_at = stream.Below(kTimeMaxMs);
    return;
  }
  if (request.power && stream.Chance(2, 3)) {
    life.power_lost_at = 1 + stream.Below(std::uint64_t{1} << stream.Between(6, kPowerBitsMax));
    return;
  }
  const std::uint64_t which = stream.Below(20);
  if (which < 11) {
    life.armed.push_back(DrawPoint(stream, PointKind::kCrash));
  } else if (which < 14) {
    life.armed.push_back(DrawPoint(stream, PointKind::kFault));
  } else if (which < 18 && !life.operations.empty()) {
    life.ending = Ending::kKillAfter;
    life.ending_at = life.operations[stream.Below(life.operations.size())].id;
  } else {
    life.ending = Ending::kClose;
  }
}

void DrawRecoveryEnding(Life& life, RandomStream& stream, const PlanRequest& request) {
  if (request.power && stream.Chance(2, 3)) {
    life.power_lost_at = stream.Between(1, kRecoveryOperationsMax);
  } else {
    life.armed.push_back(DrawPoint(stream, PointKind::kCrash));
  }
}

}  // namespace

Plan MakePlan(const PlanRequest& request) {
  RandomStream stream(RandomValue(request.seed, Site::Hash("crash.plan")));
  Plan plan{.seed = request.seed, .options = DrawOptions(RandomStream(stream.Next())), .lives = {}};
  const std::uint64_t clients =
      request.clients != 0 ? request.clients : stream.Between(1, kClientsAtOnceMax);
  plan.options[kClientsKnob] = clients;
  plan.options[kSettleKnob] = stream.Below(2);
  if (request.power) plan.options[kPowerKnob] = 1;
  WorkloadRequest workload{.operations = request.operations,
                           .clients = clients,
                           .keys = stream.Between(4, 60),
                           .value_size_max = stream.Between(1, 400)};
  for (std::uint64_t cycle = 0; cycle < request.cycles; ++cycle) {
    workload.life = plan.lives.size();
    Life& life = plan.lives.emplace_back();
    life.operations = MakeWorkload(workload, RandomStream(stream.Next()));
    workload.first_id += request.operations;
    DrawEnding(life, stream, request);
    // A recovery that dies too, wherever it is.
    if (request.armed.empty() && !request.timed && stream.Chance(1, 3)) {
      DrawRecoveryEnding(plan.lives.emplace_back(), stream, request);
    }
  }
  plan.lives.emplace_back().ending = Ending::kClose;  // which looks at what the last one left
  return plan;
}

std::vector<Step> StepsOf(const std::vector<artifacts::Operation>& operations) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i == 0 || operations[i].client <= operations[i - 1].client) steps.push_back({i, i});
    steps.back().end = i + 1;
  }
  return steps;
}

}  // namespace beach::crash
