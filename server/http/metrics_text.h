// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/http/node_facts.h"

namespace beach::server {

struct HttpCounts;

inline constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// What Prometheus reads, in its text format: each metric with its HELP and TYPE.
std::string MetricsText(const NodeFacts& facts, const HttpCounts& http);
// The table of docs/metrics.md.
std::string MetricsPage();

}  // namespace beach::server
