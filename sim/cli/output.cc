// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace beach::sim::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTextWidthMax = 400;

double Seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

// "12.345678901": seconds with every nanosecond, without floating point.
std::string Stamp(std::uint64_t ns) {
  return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

}  // namespace

std::string RunAsText(const RunOutput& run) {
  const RunReport& report = run.outcome->report;
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "scenario         {}\nseed             {}\n", run.scenario, run.seed);
  fmt::format_to(out, "verdict          {}\n", report.verdict.signature);
  if (!report.verdict.ok()) fmt::format_to(out, "                 {}\n", report.verdict.message);
  if (run.recorded_signature && *run.recorded_signature != report.verdict.signature) {
    fmt::format_to(out, "recorded         {}\n", *run.recorded_signature);
  }
  if (!run.outcome->crashed) {
    fmt::format_to(out, "hash             {}\n", report.hash.ToString());
    fmt::format_to(out, "virtual_seconds  {}\n", Stamp(report.virtual_ns));
    fmt::format_to(out, "events           {}\noperations       {}\n", report.events,
                   report.operations);
  }
  for (const auto& [name, count] : report.faults) {
    if (count > 0) fmt::format_to(out, "fault            {:<28} {}\n", name, count);
  }
  if (run.deterministic) {
    fmt::format_to(out, "deterministic    {}\n", *run.deterministic ? "yes" : "no");
  }
  if (run.mismatch) fmt::format_to(out, "                 {}\n", run.mismatch->message);
  if (report.decisions_recorded > 0) {
    fmt::format_to(out, "decisions        {} of {} recorded ones followed\n",
                   report.decisions_followed, report.decisions_recorded);
  }
  if (report.diverged_at) {
    fmt::format_to(out, "diverged_at      {}\n", *report.diverged_at);
    fmt::format_to(
        out, "                 the run left the recording at this event{}\n",
        report.verdict.ok() ? ": that it ends well says little about the recorded failure" : "");
  }
  if (run.difference) fmt::format_to(out, "\n{}", sweep::Describe(*run.difference));
  if (!run.outcome->stack.empty()) fmt::format_to(out, "\n{}", run.outcome->stack);
  return text;
}

std::string RunAsJson(const RunOutput& run) {
  const RunReport& report = run.outcome->report;
  Json json;
  json["scenario"] = run.scenario;
  json["seed"] = run.seed;
  json["verdict"] = report.verdict.signature;
  json["message"] = report.verdict.message;
  json["hash"] = report.hash.ToString();
  json["virtual_seconds"] = Seconds(report.virtual_ns);
  json["events"] = report.events;
  json["operations"] = report.operations;
  json["faults"] = Json(report.faults);
  json["sometimes"] = Json(report.sometimes);
  json["options"] = Json(report.options);
  if (run.deterministic) json["deterministic"] = *run.deterministic;
  if (run.mismatch) json["mismatch"] = run.mismatch->message;
  if (run.difference) {
    json["difference"] = {{"event", run.difference->event},
                          {"steady", run.difference->steady},
                          {"text", sweep::Describe(*run.difference)}};
  }
  if (run.recorded_signature) {
    json["recorded_verdict"] = *run.recorded_signature;
    json["decisions_recorded"] = report.decisions_recorded;
    json["decisions_followed"] = report.decisions_followed;
    json["diverged_at"] = report.diverged_at ? Json(*report.diverged_at) : Json(nullptr);
  }
  if (!run.outcome->stack.empty()) json["stack"] = run.outcome->stack;
  return Dump(json, 2);
}

std::string ExplorationAsText(const crashpoints::Exploration& exploration) {
  std::string text = fmt::format(
      "crash points     {}\n"
      "crashes          {}, of them {} with a second one in the recovery\n",
      exploration.points, exploration.cuts, exploration.second);
  const auto out = std::back_inserter(text);
  if (!exploration.verdict.ok()) {
    fmt::format_to(out, "\nthe run fails without a crash point: {}\n  {}\n",
                   exploration.verdict.signature, exploration.verdict.message);
  }
  for (const crashpoints::Failure& failure : exploration.failures) {
    fmt::format_to(out, "\n{} ({} times)\n  {}\n  first at point {}, event {}, in {}{}\n",
                   failure.signature, failure.count, failure.message, failure.point, failure.event,
                   failure.call, failure.second ? ", with a second crash in the recovery" : "");
    for (const std::string& kept : failure.kept) fmt::format_to(out, "  kept  {}\n", kept);
    for (const std::string& lost : failure.lost) fmt::format_to(out, "  lost  {}\n", lost);
    if (!failure.kept.empty() && !failure.lost.empty()) {
      text += "  assumed, but not enforced: that what was lost is durable before what was kept\n";
    }
  }
  if (exploration.failures.empty() && exploration.verdict.ok()) text += "\nno failures\n";
  return text;
}

std::string ExplorationAsJson(const std::string& scenario, std::uint64_t seed,
                              const crashpoints::Exploration& exploration,
                              const std::vector<std::string>& artifacts) {
  Json failures = Json::array();
  for (std::size_t i = 0; i < exploration.failures.size(); ++i) {
    const crashpoints::Failure& failure = exploration.failures[i];
    failures.push_back({{"signature", failure.signature},
                        {"message", failure.message},
                        {"count", failure.count},
                        {"point", failure.point},
                        {"event", failure.event},
                        {"call", failure.call},
                        {"second", failure.second},
                        {"kept", failure.kept},
                        {"lost", failure.lost},
                        {"artifact", artifacts[i]}});
  }
  return Dump({{"scenario", scenario},
               {"seed", seed},
               {"verdict", exploration.verdict.signature},
               {"points", exploration.points},
               {"cuts", exploration.cuts},
               {"second", exploration.second},
               {"failures", std::move(failures)}},
              2);
}

std::string ScenariosAsJson(const std::vector<std::unique_ptr<Scenario>>& scenarios) {
  Json list = Json::array();
  for (const auto& scenario : scenarios) {
    list.push_back({{"name", scenario->name()},
                    {"boots", scenario->boots()},
                    {"checks", scenario->checks()},
                    {"rules", scenario->rules()}});
  }
  return Dump({{"scenarios", std::move(list)}}, 2);
}

std::string GroupsAsJson(const std::vector<Group>& groups) {
  Json list = Json::array();
  for (const Group& group : groups) {
    list.push_back({{"name", group.name},
                    {"kind", GroupKindName(group.kind)},
                    {"what", group.what},
                    {"members", group.members}});
  }
  return Dump({{"groups", std::move(list)}}, 2);
}

std::string ImageAsJson(const DiskImage& image) {
  Json list = Json::array();
  for (const DiskImage::Entry& entry : image.entries) {
    Json one = {{"path", entry.path}};
    switch (entry.kind) {
      case DiskImage::Kind::kDirectory: one["kind"] = "directory"; break;
      case DiskImage::Kind::kFile:
        one["kind"] = "file";
        one["size_bytes"] = entry.size_bytes;
        break;
      case DiskImage::Kind::kLink:
        one["kind"] = "link";
        one["target"] = entry.target;
        break;
    }
    list.push_back(std::move(one));
  }
  return Dump({{"entries", std::move(list)}}, 2);
}

std::string TraceAsJsonLines(const std::vector<artifacts::TraceEvent>& trace) {
  std::string text;
  for (const artifacts::TraceEvent& event : trace) {
    text += Dump({{"event", event.event},
                  {"virtual_ns", event.virtual_ns},
                  {"host", event.host},
                  {"thread", event.thread},
                  {"kind", event.kind},
                  {"text", event.text}},
                 -1);
  }
  return text;
}

std::string Timeline(const std::vector<artifacts::TraceEvent>& trace) {
  std::size_t event_width = 5;
  std::size_t time_width = 9;
  std::size_t host_width = 4;
  std::size_t thread_width = 6;
  std::size_t kind_width = 4;
  for (const artifacts::TraceEvent& event : trace) {
    event_width = std::max(event_width, std::to_string(event.event).size());
    time_width = std::max(time_width, Stamp(event.virtual_ns).size());
    host_width = std::max(host_width, event.host.size());
    thread_width = std::max(thread_width, event.thread.size());
    kind_width = std::max(kind_width, event.kind.size());
  }
  std::string text =
      fmt::format("{:>{}}  {:>{}}  {:<{}}  {:<{}}  {:<{}}  what\n", "event", event_width, "seconds",
                  time_width, "host", host_width, "thread", thread_width, "kind", kind_width);
  for (const artifacts::TraceEvent& event : trace) {
    fmt::format_to(std::back_inserter(text), "{:>{}}  {:>{}}  {:<{}}  {:<{}}  {:<{}}  {}\n",
                   event.event, event_width, Stamp(event.virtual_ns), time_width,
                   event.host.empty() ? "-" : event.host, host_width,
                   event.thread.empty() ? "-" : event.thread, thread_width, event.kind, kind_width,
                   Printable(event.text, kTextWidthMax));
  }
  return text;
}

}  // namespace beach::sim::cli
