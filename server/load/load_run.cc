// SPDX-License-Identifier: Apache-2.0
#include "server/load/load_run.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "server/load/load_lane.h"
#include "server/load/load_records.h"
#include "server/load/records.h"

namespace beach::server {
namespace {

// For threads to start.
constexpr std::uint64_t kBeforeBeginNs = 20'000'000;
constexpr std::uint64_t kTellNs = 100'000'000;

// Lanes that were started, all of which are waited for.
class Lanes {
 public:
  explicit Lanes(LoadState& state) : state_(state) {}
  ~Lanes() {
    if (joined_) return;
    state_.stop = true;
    Join();
  }
  void Add(std::unique_ptr<LoadLane> lane) { lanes_.push_back(std::move(lane)); }
  LoadResult Join() {
    joined_ = true;
    LoadResult sum;
    for (const auto& lane : lanes_) sum.Merge(lane->Join());
    return sum;
  }

 private:
  LoadState& state_;
  std::vector<std::unique_ptr<LoadLane>> lanes_;
  bool joined_ = false;
};

}  // namespace

Result<LoadResult> RunLoad(const env::Env& env, const LoadPlan& plan, bool loading,
                           LoadState& state, const std::function<void(const LoadProgress&)>& told) {
  env::Clock& clock = *env.clock;
  const Values values(plan.value_bytes, plan.seed);
  const std::uint64_t loading_from_ns = clock.MonotonicNow();
  BEACH_TRY(
      LoadRecords(env, plan, loading ? plan.records : 0, values, state, [&](std::uint64_t records) {
        told(
            {.loading = true, .done = records, .since_ns = clock.MonotonicNow() - loading_from_ns});
      }));
  RecordNumbers numbers(plan.workload->needs_records ? plan.records : 0);
  LoadTimes times;
  times.begin_ns = clock.MonotonicNow() + kBeforeBeginNs;
  times.counted_from_ns = times.begin_ns + plan.warmup_seconds * kNsPerSecond;
  times.end_ns = times.counted_from_ns + plan.seconds * kNsPerSecond;
  Lanes lanes(state);
  for (std::uint64_t lane = 0; lane < plan.threads; ++lane) {
    BEACH_TRY_ASSIGN(auto started, LoadLane::Start({.env = env,
                                                    .plan = plan,
                                                    .times = times,
                                                    .values = values,
                                                    .numbers = numbers,
                                                    .state = state},
                                                   lane));
    lanes.Add(std::move(started));
  }
  std::uint64_t now_ns = clock.MonotonicNow();
  while (now_ns < times.end_ns && !state.stop) {
    clock.SleepUntil(std::min(now_ns + kTellNs, times.end_ns));
    now_ns = clock.MonotonicNow();
    told({.done = state.done,
          .failed = state.failed,
          .since_ns = now_ns - std::min(now_ns, times.begin_ns)});
  }
  return lanes.Join();
}

}  // namespace beach::server
