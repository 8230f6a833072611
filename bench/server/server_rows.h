// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/server/server_system.h"

namespace beach::bench {

// Medians of one work, for so many clients, on one system.
struct ServerRow {
  ServerWork work = ServerWork::kPut;
  std::uint64_t clients = 0;
  std::string system;
  ServerSample median;  // each figure by itself
  double ops_per_s_min = 0;
  double ops_per_s_max = 0;
  std::map<std::string, double> ratio;  // of the first system's row: its rate by each other's
};

// Rounds of all works and numbers of clients, in each of them every system, one after the other:
// who begins changes with the round. `told` before each measurement.
Result<std::vector<ServerRow>> MeasureServers(
    const std::vector<std::unique_ptr<ServerSystem>>& systems,
    const std::vector<std::uint64_t>& clients, std::uint64_t rounds,
    const std::function<void(const std::string&)>& told);

// `notes`: what a reader has to know; among them what the systems are.
std::string AsText(const std::vector<std::string>& notes, const std::vector<ServerRow>& rows);
std::string AsJson(const std::vector<std::string>& notes, const std::vector<ServerRow>& rows);

}  // namespace beach::bench
