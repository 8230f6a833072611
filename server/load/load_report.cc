// SPDX-License-Identifier: Apache-2.0
#include "server/load/load_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace beach::server {
namespace {

using Json = nlohmann::ordered_json;

double Us(std::uint64_t ns) { return static_cast<double>(ns) / 1000; }

double PerSecond(const LoadResult& result) {
  if (result.counted_ns == 0) return 0;
  return static_cast<double>(result.in_time) * 1e9 / static_cast<double>(result.counted_ns);
}

// A bucket's end may lie beyond the longest.
std::uint64_t PercentileNs(const Histogram& latency_ns, std::uint64_t permille) {
  return std::min(latency_ns.Percentile(permille), latency_ns.max());
}

Json LatencyOf(const Histogram& latency_ns) {
  return {{"p50_us", Us(PercentileNs(latency_ns, 500))},
          {"p90_us", Us(PercentileNs(latency_ns, 900))},
          {"p99_us", Us(PercentileNs(latency_ns, 990))},
          {"p99_9_us", Us(PercentileNs(latency_ns, 999))},
          {"max_us", Us(latency_ns.max())}};
}

std::string Line(const std::string& name, const Histogram& latency_ns) {
  return fmt::format("{:<18}{:>10}{:>12.0f}{:>12.0f}{:>12.0f}{:>12.0f}{:>12.0f}\n", name,
                     latency_ns.count(), Us(PercentileNs(latency_ns, 500)),
                     Us(PercentileNs(latency_ns, 900)), Us(PercentileNs(latency_ns, 990)),
                     Us(PercentileNs(latency_ns, 999)), Us(latency_ns.max()));
}

std::string ModeOf(const LoadPlan& plan) {
  if (plan.rate == 0) return "closed: a client asks when it has its reply";
  return fmt::format("open: {} a second, latencies from when each was due", plan.rate);
}

}  // namespace

std::string LoadAsText(const LoadPlan& plan, const LoadResult& result) {
  std::string text = fmt::format(
      "workload {} ({}), {} keys; {} clients on {} threads; values of {} bytes\n{}\n\n"
      "{:.0f} operations a second, for {:.1f} s\n\n",
      plan.workload->name, plan.workload->help, DistributionName(plan.distribution), plan.clients,
      plan.threads, plan.value_bytes, ModeOf(plan), PerSecond(result),
      static_cast<double>(result.counted_ns) / 1e9);
  text += fmt::format("{:<18}{:>10}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "", "operations", "p50 us",
                      "p90", "p99", "p99.9", "max");
  std::size_t kinds = 0;
  for (std::size_t kind = 0; kind < kWorkKinds; ++kind) {
    if (result.latency_ns[kind].count() == 0) continue;
    text += Line(WorkKindName(static_cast<WorkKind>(kind)), result.latency_ns[kind]);
    ++kinds;
  }
  if (kinds > 1 || result.late_ns.count() > 0) text += Line("all", result.all_ns());
  if (result.late_ns.count() > 0) {
    text += fmt::format(
        "{} were due and not begun when time was up: they count as late as they were then\n",
        result.late_ns.count());
  }
  for (const auto& [kind, count] : result.errors) {
    text += fmt::format("error: {}: {}\n", FailureKindName(kind), count);
  }
  if (result.absent > 0) {
    text += fmt::format("{} reads found no record: are there {}?\n", result.absent, plan.records);
  }
  return text;
}

std::string LoadAsJson(const LoadPlan& plan, const LoadResult& result) {
  Json document = {{"workload", plan.workload->name},
                   {"distribution", DistributionName(plan.distribution)},
                   {"loop", plan.rate == 0 ? "closed" : "open"},
                   {"rate", plan.rate == 0 ? Json() : Json(plan.rate)},
                   {"clients", plan.clients},
                   {"threads", plan.threads},
                   {"records", plan.records},
                   {"value_bytes", plan.value_bytes},
                   {"seed", plan.seed},
                   {"seconds", static_cast<double>(result.counted_ns) / 1e9},
                   {"operations", result.done()},
                   {"ops_per_s", PerSecond(result)}};
  document.update(LatencyOf(result.all_ns()));
  Json kinds = Json::object();
  for (std::size_t kind = 0; kind < kWorkKinds; ++kind) {
    const Histogram& latency_ns = result.latency_ns[kind];
    if (latency_ns.count() == 0) continue;
    Json one = {{"operations", latency_ns.count()}};
    one.update(LatencyOf(latency_ns));
    kinds[WorkKindName(static_cast<WorkKind>(kind))] = std::move(one);
  }
  document["kinds"] = std::move(kinds);
  Json errors = Json::object();
  for (const auto& [kind, count] : result.errors) errors[FailureKindName(kind)] = count;
  document["errors"] = std::move(errors);
  document["absent"] = result.absent;
  document["not_begun"] = result.late_ns.count();
  return document.dump() + "\n";
}

}  // namespace beach::server
