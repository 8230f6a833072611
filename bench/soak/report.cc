// SPDX-License-Identifier: Apache-2.0
#include "bench/soak/report.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>

namespace beach::bench {
namespace {

using Json = nlohmann::ordered_json;

double Milliseconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }
double Seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

std::uint64_t Total(const SoakReport& report) {
  return std::accumulate(report.operations.begin(), report.operations.end(), std::uint64_t{0});
}

}  // namespace

std::string AsText(const SoakSample& sample) {
  std::string text = fmt::format("{:>6.0f} s ", Seconds(sample.since_begin_ns));
  for (std::size_t kind = 0; kind < kSoakKinds; ++kind) {
    fmt::format_to(std::back_inserter(text), " {} {:>7.0f}/s", NameOf(static_cast<SoakKind>(kind)),
                   sample.per_s[kind]);
  }
  fmt::format_to(std::back_inserter(text),
                 "  longest {:>7.2f} ms  memory {:>5} MiB  disk {:>6} MiB{}\n",
                 Milliseconds(sample.longest_ns), sample.rss_bytes >> 20, sample.disk_bytes >> 20,
                 sample.filled ? "" : "  (filling)");
  return text;
}

std::string AsText(const SoakReport& report) {
  std::string text =
      fmt::format("{} operations in {:.0f} s:", Total(report), Seconds(report.wall_ns));
  for (std::size_t kind = 0; kind < kSoakKinds; ++kind) {
    fmt::format_to(std::back_inserter(text), " {} {}s", report.operations[kind],
                   NameOf(static_cast<SoakKind>(kind)));
  }
  fmt::format_to(std::back_inserter(text),
                 "\np50 {:.1f} us, p99 {:.1f} us, the longest {:.2f} ms\nmemory at most {} MiB{}, "
                 "disk at most {} MiB\n{} live records in the last scan\n",
                 static_cast<double>(report.p50_ns) / 1e3, static_cast<double>(report.p99_ns) / 1e3,
                 Milliseconds(report.longest_ns), report.rss_bytes_most >> 20,
                 report.rss_bytes_judged
                     ? fmt::format(" ({} once it is judged)", *report.rss_bytes_judged >> 20)
                     : " (not judged: the run was shorter than five minutes)",
                 report.disk_bytes_most >> 20, report.live_records);
  if (report.findings.empty()) text += "every value was as it was put, the files verify\n";
  for (const std::string& finding : report.findings) text += "FOUND: " + finding + "\n";
  return text;
}

std::string AsJson(const SoakReport& report) {
  Json json;
  json["seconds"] = Seconds(report.wall_ns);
  json["operations"] = Json::object();
  for (std::size_t kind = 0; kind < kSoakKinds; ++kind) {
    json["operations"][NameOf(static_cast<SoakKind>(kind))] = report.operations[kind];
  }
  json["ops_per_s"] =
      report.wall_ns == 0 ? 0.0 : static_cast<double>(Total(report)) / Seconds(report.wall_ns);
  json["p50_us"] = static_cast<double>(report.p50_ns) / 1e3;
  json["p99_us"] = static_cast<double>(report.p99_ns) / 1e3;
  json["longest_ms"] = Milliseconds(report.longest_ns);
  json["rss_bytes_most"] = report.rss_bytes_most;
  json["rss_bytes_judged"] = report.rss_bytes_judged ? Json(*report.rss_bytes_judged) : Json();
  json["disk_bytes_most"] = report.disk_bytes_most;
  json["live_records"] = report.live_records;
  json["findings"] = report.findings;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace beach::bench
