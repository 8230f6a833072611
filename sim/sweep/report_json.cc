// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/sweep/report.h"

namespace beach::sim::sweep {
namespace {

using Json = nlohmann::ordered_json;

double Seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

std::uint64_t Nanoseconds(const Json& seconds) {
  const double value = seconds.get<double>();
  if (!(value >= 0) || value > 1e10) throw std::out_of_range("seconds out of range");
  return static_cast<std::uint64_t>(std::llround(value * 1e9));
}

void ReadInto(const Json& json, SweepReport& report) {
  report.seeds = json.at("seeds").get<std::uint64_t>();
  report.virtual_ns = Nanoseconds(json.at("virtual_seconds"));
  report.wall_ns = Nanoseconds(json.at("wall_seconds"));
  report.events = json.at("events").get<std::uint64_t>();
  report.operations = json.at("operations").get<std::uint64_t>();
  for (const auto& [name, count] : json.at("faults").items()) {
    report.faults[name] = count.get<std::uint64_t>();
  }
  for (const auto& [name, count] : json.at("sometimes").items()) {
    report.sometimes[name] = count.get<std::uint64_t>();
  }
  for (const auto& [name, count] : json.at("strikes").items()) {
    report.strikes[name] = count.get<std::uint64_t>();
  }
  for (const Json& entry : json.at("failures")) {
    Failure failure;
    failure.scenario = entry.at("scenario").get<std::string>();
    failure.seed = entry.at("seed").get<std::uint64_t>();
    failure.signature = entry.at("signature").get<std::string>();
    failure.message = entry.value("message", "");
    failure.artifact = entry.at("artifact").get<std::string>();
    failure.count = entry.value("count", std::uint64_t{1});
    report.AddFailure(failure);
  }
  report.seed_first = json.at("seed_first").get<std::uint64_t>();
  report.seed_last = json.at("seed_last").get<std::uint64_t>();
  report.twice = json.at("twice").get<std::uint64_t>();
  report.cpu_ns = Nanoseconds(json.at("cpu_seconds"));
  report.interrupted = json.at("interrupted").get<bool>();
  for (const auto& [name, entry] : json.at("scenarios").items()) {
    ScenarioTotals& totals = report.scenarios[name];
    totals.seeds = entry.at("seeds").get<std::uint64_t>();
    totals.failures = entry.at("failures").get<std::uint64_t>();
    totals.virtual_ns = Nanoseconds(entry.at("virtual_seconds"));
    totals.cpu_ns = Nanoseconds(entry.at("cpu_seconds"));
  }
  for (const Json& entry : json.at("mismatches")) {
    report.mismatches.push_back({.scenario = entry.at("scenario").get<std::string>(),
                                 .seed = entry.at("seed").get<std::uint64_t>(),
                                 .event = entry.at("event").get<std::uint64_t>(),
                                 .message = entry.at("message").get<std::string>()});
  }
}

}  // namespace

std::string ToJson(const SweepReport& report) {
  Json json;
  json["seeds"] = report.seeds;
  json["failures"] = Json::array();
  for (const Failure& failure : report.failures) {
    json["failures"].push_back({{"scenario", failure.scenario},
                                {"seed", failure.seed},
                                {"signature", failure.signature},
                                {"message", failure.message},
                                {"artifact", failure.artifact},
                                {"count", failure.count}});
  }
  json["virtual_seconds"] = Seconds(report.virtual_ns);
  json["wall_seconds"] = Seconds(report.wall_ns);
  json["cpu_seconds"] = Seconds(report.cpu_ns);
  json["events"] = report.events;
  json["operations"] = report.operations;
  json["faults"] = Json(report.faults);
  json["sometimes"] = Json(report.sometimes);
  json["strikes"] = Json(report.strikes);
  json["nondeterministic"] = report.mismatches.size();
  json["mismatches"] = Json::array();
  for (const Mismatch& mismatch : report.mismatches) {
    json["mismatches"].push_back({{"scenario", mismatch.scenario},
                                  {"seed", mismatch.seed},
                                  {"event", mismatch.event},
                                  {"message", mismatch.message}});
  }
  json["twice"] = report.twice;
  json["seed_first"] = report.seed_first;
  json["seed_last"] = report.seed_last;
  json["interrupted"] = report.interrupted;
  json["scenarios"] = Json::object();
  for (const auto& [name, totals] : report.scenarios) {
    json["scenarios"][name] = {{"seeds", totals.seeds},
                               {"failures", totals.failures},
                               {"virtual_seconds", Seconds(totals.virtual_ns)},
                               {"cpu_seconds", Seconds(totals.cpu_ns)}};
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<SweepReport> SweepReportFromJson(const std::string& text) {
  SweepReport report;
  try {
    ReadInto(Json::parse(text), report);
  } catch (const std::exception& problem) {
    return Fail(ErrorCode::kCorruption, std::string("not a sweep report: ") + problem.what());
  }
  return report;
}

}  // namespace beach::sim::sweep
