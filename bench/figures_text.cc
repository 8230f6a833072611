// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/figures.h"

namespace beach::bench {
namespace {

using Json = nlohmann::ordered_json;

double Ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double PerVirtualSecond(std::uint64_t count, std::uint64_t virtual_ns) {
  return Ratio(count, virtual_ns) * 1e9;
}

void AddSpread(std::string& text, const char* name, const Spread& spread) {
  fmt::format_to(std::back_inserter(text), "  {:<20} {:>12.1f}   ({:.1f} to {:.1f})\n", name,
                 spread.median, spread.least, spread.most);
}

void AddRatio(std::string& text, const char* name, double ratio) {
  fmt::format_to(std::back_inserter(text), "  {:<20} {:>12.1f}\n", name, ratio);
}

}  // namespace

std::string AsText(const std::vector<Figures>& all) {
  std::string text;
  for (const Figures& figures : all) {
    const Sums& sums = figures.sums;
    fmt::format_to(std::back_inserter(text),
                   "{}: {} seeds in {} rounds, {:.1f} s of processor time, {:.1f} s of wall time\n"
                   "  per second of processor time, median of the rounds and their spread\n",
                   figures.scenario, sums.seeds, figures.rounds,
                   static_cast<double>(sums.processor_ns) / 1e9,
                   static_cast<double>(sums.wall_ns) / 1e9);
    AddSpread(text, "seeds", figures.seeds_per_s);
    AddSpread(text, "operations", figures.operations_per_s);
    AddSpread(text, "events", figures.events_per_s);
    AddSpread(text, "virtual seconds", figures.virtual_s_per_s);
    text += "  per second of wall time\n";
    AddSpread(text, "seeds", figures.seeds_per_wall_s);
    text += "  on average\n";
    AddRatio(text, "operations a seed", Ratio(sums.operations, sums.seeds));
    AddRatio(text, "a virtual second", PerVirtualSecond(sums.operations, sums.virtual_ns));
    AddRatio(text, "crashes a seed", Ratio(sums.crashes, sums.seeds));
    AddRatio(text, "events a seed", Ratio(sums.events, sums.seeds));
    AddRatio(text, "ns an event", Ratio(sums.processor_ns, sums.events));
    AddRatio(text, "ns an operation", Ratio(sums.processor_ns, sums.operations));
    for (const Failure& failure : figures.failures) {
      fmt::format_to(std::back_inserter(text), "  seed {} failed: {}\n", failure.seed,
                     failure.signature);
    }
  }
  return text;
}

std::string AsJson(const std::vector<Figures>& all) {
  Json scenarios = Json::array();
  for (const Figures& figures : all) {
    const Sums& sums = figures.sums;
    Json json;
    json["name"] = figures.scenario;
    json["virtual_s_per_s"] = figures.virtual_s_per_s.median;
    json["events_per_s"] = figures.events_per_s.median;
    json["seeds_per_s"] = figures.seeds_per_s.median;
    json["operations_per_s"] = figures.operations_per_s.median;
    json["seeds_per_s_least"] = figures.seeds_per_s.least;
    json["seeds_per_s_most"] = figures.seeds_per_s.most;
    json["seeds_per_wall_s"] = figures.seeds_per_wall_s.median;
    json["rounds"] = figures.rounds;
    json["seeds"] = sums.seeds;
    json["processor_seconds"] = static_cast<double>(sums.processor_ns) / 1e9;
    json["wall_seconds"] = static_cast<double>(sums.wall_ns) / 1e9;
    json["operations_per_seed"] = Ratio(sums.operations, sums.seeds);
    json["operations_per_virtual_s"] = PerVirtualSecond(sums.operations, sums.virtual_ns);
    json["crashes_per_seed"] = Ratio(sums.crashes, sums.seeds);
    json["events_per_seed"] = Ratio(sums.events, sums.seeds);
    json["ns_per_operation"] = Ratio(sums.processor_ns, sums.operations);
    json["ns_per_event"] = Ratio(sums.processor_ns, sums.events);
    json["failures"] = Json::array();
    for (const Failure& failure : figures.failures) {
      json["failures"].push_back({{"seed", failure.seed}, {"signature", failure.signature}});
    }
    scenarios.push_back(std::move(json));
  }
  const Json document = {{"scenarios", std::move(scenarios)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace beach::bench
