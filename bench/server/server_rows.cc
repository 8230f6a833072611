// SPDX-License-Identifier: Apache-2.0
#include "bench/server/server_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <tuple>

namespace beach::bench {
namespace {

using Json = nlohmann::ordered_json;

const char* NameOf(ServerWork work) { return work == ServerWork::kPut ? "put" : "get"; }

double Median(const std::vector<ServerSample>& samples, double ServerSample::*figure) {
  std::vector<double> values;
  for (const ServerSample& sample : samples) values.push_back(sample.*figure);
  std::ranges::sort(values);
  return values[values.size() / 2];
}

ServerRow RowOf(const std::vector<ServerSample>& samples) {
  ServerRow row;
  row.median = {.ops_per_s = Median(samples, &ServerSample::ops_per_s),
                .p50_us = Median(samples, &ServerSample::p50_us),
                .p99_us = Median(samples, &ServerSample::p99_us)};
  const auto [min, max] = std::ranges::minmax(samples, {}, &ServerSample::ops_per_s);
  row.ops_per_s_min = min.ops_per_s;
  row.ops_per_s_max = max.ops_per_s;
  return row;
}

std::string RatiosOf(const ServerRow& row) {
  std::string text;
  for (const auto& [peer, ratio] : row.ratio) {
    fmt::format_to(std::back_inserter(text), "  {:.2f} of {}", ratio, peer);
  }
  return text;
}

}  // namespace

Result<std::vector<ServerRow>> MeasureServers(
    const std::vector<std::unique_ptr<ServerSystem>>& systems,
    const std::vector<std::uint64_t>& clients, std::uint64_t rounds,
    const std::function<void(const std::string&)>& told) {
  using Cell = std::tuple<ServerWork, std::uint64_t, std::size_t>;  // the last is the system
  std::map<Cell, std::vector<ServerSample>> samples;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (const ServerWork work : {ServerWork::kPut, ServerWork::kGet}) {
      for (const std::uint64_t count : clients) {
        for (std::size_t i = 0; i < systems.size(); ++i) {
          const std::size_t system = (i + round) % systems.size();
          told(fmt::format("round {}/{}, {} of {} clients on {}", round + 1, rounds, NameOf(work),
                           count, systems[system]->name()));
          BEACH_TRY_ASSIGN(const ServerSample sample, systems[system]->Measure(work, count));
          samples[{work, count, system}].push_back(sample);
        }
      }
    }
  }
  std::vector<ServerRow> rows;
  std::size_t first = 0;
  for (const auto& [cell, of_cell] : samples) {
    ServerRow row = RowOf(of_cell);
    const auto& [work, count, system] = cell;
    row.work = work;
    row.clients = count;
    row.system = systems[system]->name();
    if (system == 0) {
      first = rows.size();
    } else {
      rows[first].ratio[row.system] = rows[first].median.ops_per_s / row.median.ops_per_s;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string AsText(const std::vector<std::string>& notes, const std::vector<ServerRow>& rows) {
  std::string text;
  for (const std::string& note : notes) text += note + "\n";
  text += fmt::format("\n{:<6}{:>8}  {:<10}{:>12}{:>22}{:>10}{:>10}\n", "", "clients", "", "ops/s",
                      "from to", "p50 us", "p99 us");
  for (const ServerRow& row : rows) {
    text += fmt::format("{:<6}{:>8}  {:<10}{:>12.0f}{:>22}{:>10.0f}{:>10.0f}{}\n", NameOf(row.work),
                        row.clients, row.system, row.median.ops_per_s,
                        fmt::format("{:.0f} {:.0f}", row.ops_per_s_min, row.ops_per_s_max),
                        row.median.p50_us, row.median.p99_us, RatiosOf(row));
  }
  return text;
}

std::string AsJson(const std::vector<std::string>& notes, const std::vector<ServerRow>& rows) {
  Json all = Json::array();
  for (const ServerRow& row : rows) {
    all.push_back({{"workload", NameOf(row.work)},
                   {"clients", row.clients},
                   {"system", row.system},
                   {"ops_per_s", row.median.ops_per_s},
                   {"ops_per_s_min", row.ops_per_s_min},
                   {"ops_per_s_max", row.ops_per_s_max},
                   {"p50_us", row.median.p50_us},
                   {"p99_us", row.median.p99_us},
                   {"ratio", row.ratio}});
  }
  return Json{{"notes", notes}, {"rows", std::move(all)}}.dump() + "\n";
}

}  // namespace beach::bench
