// SPDX-License-Identifier: Apache-2.0
#include "bench/server/redis_benchmark.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <vector>

#include "bench/server/process.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kPutsPerKey = 5;
constexpr std::uint64_t kPutClients = 16;
constexpr std::uint64_t kPutsAtOnce = 32;
// Tried out with so many of each client.
constexpr std::uint64_t kTriesPerClient = 30;

// "a","b": what is between the quotes.
std::vector<std::string> FieldsOf(const std::string& line) {
  std::vector<std::string> fields;
  for (std::size_t at = line.find('"'); at != std::string::npos; at = line.find('"', at)) {
    const std::size_t end = line.find('"', at + 1);
    if (end == std::string::npos) break;
    fields.push_back(line.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return fields;
}

}  // namespace

Result<ServerSample> ParseRedisBenchmark(const std::string& csv) {
  const std::size_t end = csv.find('\n');
  const std::vector<std::string> names = FieldsOf(csv.substr(0, end));
  const std::vector<std::string> values =
      end == std::string::npos ? std::vector<std::string>() : FieldsOf(csv.substr(end));
  std::map<std::string, double> by_name;
  for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i) {
    by_name[names[i]] = std::strtod(values[i].c_str(), nullptr);
  }
  const ServerSample sample{.ops_per_s = by_name["rps"],
                            .p50_us = by_name["p50_latency_ms"] * 1000,
                            .p99_us = by_name["p99_latency_ms"] * 1000};
  if (sample.ops_per_s > 0 && sample.p99_us > 0 && sample.p50_us > 0) return sample;
  return Fail(ErrorCode::kCorruption, "redis-benchmark says what is not understood: " + csv);
}

Status RedisBenchmark::PutKeys() {
  BEACH_TRY(Run("set", kPutClients, settings_.keys * kPutsPerKey, kPutsAtOnce));
  return {};
}

Result<ServerSample> RedisBenchmark::Measure(ServerWork work, std::uint64_t clients) {
  const char* const test = work == ServerWork::kPut ? "set" : "get";
  BEACH_TRY_ASSIGN(const ServerSample tried, Run(test, clients, clients * kTriesPerClient, 1));
  const double operations = tried.ops_per_s * static_cast<double>(settings_.seconds);
  return Run(test, clients, std::max(static_cast<std::uint64_t>(operations), clients), 1);
}

Result<ServerSample> RedisBenchmark::Run(const char* test, std::uint64_t clients,
                                         std::uint64_t operations, std::uint64_t at_once) {
  BEACH_TRY_ASSIGN(
      const auto process,
      Process::Start({"redis-benchmark", "-p", std::to_string(port_), "-t", test, "-c",
                      std::to_string(clients), "-n", std::to_string(operations), "-r",
                      std::to_string(settings_.keys), "-d", std::to_string(settings_.value_bytes),
                      "-P", std::to_string(at_once), "--csv"},
                     output_path_));
  BEACH_TRY(process->AwaitEnd());
  const std::string said = ContentOf(output_path_);
  const std::size_t table = said.find("\"test\"");  // warnings may come before
  return ParseRedisBenchmark(table == std::string::npos ? said : said.substr(table));
}

}  // namespace beach::bench
