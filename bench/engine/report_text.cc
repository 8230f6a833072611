// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/engine/report.h"

namespace beach::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMiB = 1024.0 * 1024.0;

// "482k", "8.40M": three digits are more than a run is sure of.
std::string Rate(double per_second) {
  if (per_second >= 1e6) return fmt::format("{:.2f}M", per_second / 1e6);
  if (per_second >= 1e4) return fmt::format("{:.0f}k", per_second / 1e3);
  if (per_second >= 1e3) return fmt::format("{:.1f}k", per_second / 1e3);
  return fmt::format("{:.0f}", per_second);
}

std::string OrDash(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value) : "-";
}

std::string Ratios(const Row& row) {
  std::string text;
  for (const auto& [peer, ratio] : row.ratio) {
    fmt::format_to(std::back_inserter(text), "{}{} {:.2f}", text.empty() ? "" : ", ", peer, ratio);
  }
  return text;
}

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json SettingsOf(const Plan& plan) {
  return {{"n", plan.records},
          {"rounds", plan.rounds},
          {"key_bytes", 16},
          {"value_bytes", 100},
          {"memtable_bytes", plan.settings.memtable_size},
          {"block_bytes", plan.settings.block_size},
          {"cache_bytes", plan.settings.cache_size},
          {"filter_bits_per_key", plan.settings.filter_bits_per_key},
          {"compression", "none"}};
}

}  // namespace

std::string AsText(const Context& context, const std::vector<Row>& rows) {
  std::string text = fmt::format(
      "{} records of 16 + 100 bytes, medians of {} rounds; memtable {} MiB, cache {} MiB, blocks "
      "of "
      "{} bytes, filters of {} bits, no compression\n",
      context.plan.records, context.plan.rounds, context.plan.settings.memtable_size >> 20,
      context.plan.settings.cache_size >> 20, context.plan.settings.block_size,
      context.plan.settings.filter_bits_per_key);
  for (const Engine* engine : context.engines) {
    fmt::format_to(std::back_inserter(text), "{}: {}\n", engine->name(), engine->build());
  }
  fmt::format_to(std::back_inserter(text),
                 "\n{:<17} {:>7} {:<8} {:>8} {:>17} {:>9} {:>9} {:>9} {:>9} {:>8}  {}\n",
                 "workload", "threads", "engine", "ops/s", "least to most", "p50 us", "p99 us",
                 "disk MiB", "write amp", "RSS MiB", "ratio to the peer");
  std::string before;
  for (const Row& row : rows) {
    const std::string step = fmt::format("{} {}", row.workload, row.threads);
    if (step != before && !before.empty() && !row.ratio.empty()) text += "\n";
    before = step;
    fmt::format_to(
        std::back_inserter(text),
        "{:<17} {:>7} {:<8} {:>8} {:>17} {:>9.1f} {:>9.1f} {:>9.0f} {:>9} {:>8.0f}  {}\n",
        row.workload, row.threads, row.engine, Rate(row.ops_per_s),
        Rate(row.ops_per_s_least) + " to " + Rate(row.ops_per_s_most), row.p50_us, row.p99_us,
        row.disk_bytes / kMiB, OrDash(row.write_amp), row.peak_rss_bytes / kMiB, Ratios(row));
    if (row.blocks_per_miss) {
      fmt::format_to(std::back_inserter(text), "{:>34} touches {:.3f} data blocks a miss\n", "",
                     *row.blocks_per_miss);
    }
  }
  return text;
}

std::string AsJson(const Context& context, const std::vector<Row>& rows) {
  Json document;
  document["settings"] = SettingsOf(context.plan);
  document["engines"] = Json::array();
  for (const Engine* engine : context.engines) {
    document["engines"].push_back({{"name", engine->name()}, {"build", engine->build()}});
  }
  document["rows"] = Json::array();
  document["details"] = Json::array();
  for (const Row& row : rows) {
    Json ratio = Json::object();
    for (const auto& [peer, value] : row.ratio) ratio[peer] = value;
    document["rows"].push_back({{"workload", row.workload},
                                {"engine", row.engine},
                                {"threads", row.threads},
                                {"ops_per_s", row.ops_per_s},
                                {"p50_us", row.p50_us},
                                {"p99_us", row.p99_us},
                                {"disk_bytes", row.disk_bytes},
                                {"write_amp", OrNull(row.write_amp)},
                                {"peak_rss_bytes", row.peak_rss_bytes},
                                {"ratio", std::move(ratio)}});
    document["details"].push_back({{"workload", row.workload},
                                   {"engine", row.engine},
                                   {"threads", row.threads},
                                   {"ops_per_s_least", row.ops_per_s_least},
                                   {"ops_per_s_most", row.ops_per_s_most},
                                   {"settle_s", row.settle_s},
                                   {"blocks_per_miss", OrNull(row.blocks_per_miss)}});
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace beach::bench
