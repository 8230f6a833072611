// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/report.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace beach::bench {
namespace {

using Values = std::vector<double>;

double Median(Values values) {
  BEACH_CHECK(!values.empty());
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

double Quotient(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

double OpsPerSecond(const CellResult& result) {
  return Quotient(result.operations, result.wall_ns) * 1e9;
}

template <class Value>
Values OfRounds(const Series& series, Value value) {
  Values values;
  for (const CellResult& result : series.rounds)
    values.push_back(static_cast<double>(value(result)));
  return values;
}

Row MakeRow(const Series& series) {
  const auto median = [&](auto value) { return Median(OfRounds(series, value)); };
  const Values ops = OfRounds(series, OpsPerSecond);
  Row row{.workload = series.step.workload->name,
          .engine = series.engine->name(),
          .threads = series.step.threads,
          .ops_per_s = Median(ops),
          .ops_per_s_least = *std::ranges::min_element(ops),
          .ops_per_s_most = *std::ranges::max_element(ops),
          .p50_us = median([](const CellResult& r) { return r.p50_ns; }) / 1e3,
          .p99_us = median([](const CellResult& r) { return r.p99_ns; }) / 1e3,
          .disk_bytes = median([](const CellResult& r) { return r.disk_bytes; }),
          .write_amp = std::nullopt,
          .peak_rss_bytes = median([](const CellResult& r) { return r.peak_rss_bytes; }),
          .settle_s = median([](const CellResult& r) { return r.settle_ns; }) / 1e9,
          .blocks_per_miss = std::nullopt,
          .ratio = {}};
  // A file system that counts no writes tells 0, which is no amplification.
  if (std::ranges::all_of(series.rounds, [](const CellResult& r) {
        return r.user_bytes > 0 && r.written_bytes > 0;
      })) {
    row.write_amp =
        median([](const CellResult& r) { return Quotient(r.written_bytes, r.user_bytes); });
  }
  if (std::ranges::all_of(series.rounds,
                          [](const CellResult& r) { return r.misses_counted > 0; })) {
    row.blocks_per_miss =
        median([](const CellResult& r) { return Quotient(r.blocks_counted, r.misses_counted); });
  }
  return row;
}

double RatioOf(const Series& series, const Series& peer) {
  BEACH_CHECK_EQ(series.rounds.size(), peer.rounds.size());
  Values ratios;
  for (std::size_t i = 0; i < series.rounds.size(); ++i) {
    ratios.push_back(OpsPerSecond(series.rounds[i]) / OpsPerSecond(peer.rounds[i]));
  }
  return Median(std::move(ratios));
}

bool IsPeer(const Series& series) {
  return std::ranges::find(PeerNames(), series.engine->name()) != PeerNames().end();
}

}  // namespace

std::vector<Row> MakeRows(const std::vector<Series>& all) {
  std::vector<Row> rows;
  for (const Series& series : all) {
    Row row = MakeRow(series);
    for (const Series& peer : all) {
      const bool same_step =
          peer.step.workload == series.step.workload && peer.step.threads == series.step.threads;
      if (!same_step || peer.engine == series.engine || !IsPeer(peer)) continue;
      row.ratio[peer.engine->name()] = RatioOf(series, peer);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace beach::bench
