// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "bench/soak/soak.h"

namespace beach::bench {

// One line.
std::string AsText(const SoakSample& sample);
std::string AsText(const SoakReport& report);
// {"seconds", "operations": {by kind}, "ops_per_s", "p50_us", "p99_us", "longest_ms",
// "rss_bytes_most", "rss_bytes_judged" (null: the run was too short), "disk_bytes_most",
// "live_records", "findings": [text]}
std::string AsJson(const SoakReport& report);

}  // namespace beach::bench
