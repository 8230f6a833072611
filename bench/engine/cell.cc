// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/cell.h"

#include <algorithm>
#include <utility>

#include "bench/engine/lanes.h"
#include "bench/engine/records.h"
#include "bench/machine.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kRestLimitNs = 120'000'000'000;
constexpr std::uint64_t kWarmUpShare = 10;
constexpr std::uint64_t kMissesCounted = 2000;

bool ReadsAlone(const Workload& workload) { return workload.data == Data::kReads; }

// The caches hold what they are going to hold.
Status WarmUp(Store& store, const Cell& cell) {
  BEACH_TRY(CheckAll(store, cell.records));
  if (!ReadsAlone(*cell.workload) || cell.workload->action == Action::kReadSequential) return {};
  Cell few = cell;
  few.operations = std::max(cell.operations / kWarmUpShare, cell.threads);
  Progress untold = 0;
  BEACH_TRY(RunLanes(store, few, 1, untold));
  return {};
}

}  // namespace

Result<CellResult> RunCell(const Engine& engine, const Cell& cell, Progress& progress) {
  const Workload& workload = *cell.workload;
  const bool fresh = workload.data == Data::kOwn || workload.data == Data::kMakes;
  StoreSettings settings = cell.settings;
  settings.sync = workload.sync;
  const std::uint64_t written_before = WrittenBytes();

  BEACH_TRY_ASSIGN(std::unique_ptr<Store> store, engine.Open(cell.directory, settings));
  if (!fresh) BEACH_TRY(WarmUp(*store, cell));
  AwaitRest(kRestLimitNs);
  BEACH_TRY_ASSIGN(const LaneTotals totals, RunLanes(*store, cell, 0, progress));

  CellResult result{.operations = totals.operations,
                    .wall_ns = totals.wall_ns,
                    .p50_ns = totals.latency_ns.Percentile(500),
                    .p99_ns = totals.latency_ns.Percentile(990),
                    .user_bytes = totals.puts * (kKeySize + workload.value_size)};
  if (workload.mix.miss_permille > 0) {
    BEACH_TRY_ASSIGN(const auto blocks, CountBlocks(*store, cell, kMissesCounted));
    result.misses_counted = blocks ? kMissesCounted : 0;
    result.blocks_counted = blocks.value_or(0);
  }
  if (!ReadsAlone(workload)) {
    const std::uint64_t begin_ns = NowNs();
    BEACH_TRY(store->Flush());
    const std::uint64_t flushed_ns = NowNs();
    result.settle_ns = flushed_ns - begin_ns + AwaitRest(kRestLimitNs);
  }
  result.peak_rss_bytes = PeakRssBytes();
  if (!ReadsAlone(workload)) {
    const bool whole = !fresh || totals.operations == cell.operations;
    BEACH_TRY(CheckAll(*store, fresh ? totals.operations : cell.records,
                       whole ? Expect::kEachRecord : Expect::kSomeRecords));
  }
  store.reset();
  result.written_bytes = WrittenBytes() - written_before;
  SyncAll(cell.directory);
  result.disk_bytes = DiskBytes(cell.directory);
  return result;
}

}  // namespace beach::bench
