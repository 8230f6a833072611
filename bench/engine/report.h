// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/engine/runner.h"

namespace beach::bench {

// One workload on one engine: medians of the rounds.
struct Row {
  std::string workload;
  std::string engine;
  std::uint64_t threads = 1;
  double ops_per_s = 0;
  double ops_per_s_least = 0;
  double ops_per_s_most = 0;
  double p50_us = 0;
  double p99_us = 0;
  double disk_bytes = 0;
  std::optional<double> write_amp;  // bytes to the disk for each put; nothing where none was
  double peak_rss_bytes = 0;
  double settle_s = 0;
  std::optional<double> blocks_per_miss;  // nothing where the engine cannot tell
  // By peer: this engine's operations a second over the peer's, in the same round. Not itself.
  std::map<std::string, double> ratio;
};

// REQUIRES: each series has as many rounds, one at least.
std::vector<Row> MakeRows(const std::vector<Series>& all);

// What both forms say besides: how it was run, and with which builds of the engines.
struct Context {
  Plan plan;
  std::vector<const Engine*> engines;
};

// A table for people.
std::string AsText(const Context& context, const std::vector<Row>& rows);
// {"settings": {...}, "engines": [{"name", "build"}], "rows": [{"workload", "engine", "threads",
// "ops_per_s", "p50_us", "p99_us", "disk_bytes", "write_amp", "peak_rss_bytes", "ratio"}],
// "details": [...]}: details has an entry for each row.
std::string AsJson(const Context& context, const std::vector<Row>& rows);

}  // namespace beach::bench
