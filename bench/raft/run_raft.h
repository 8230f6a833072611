// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/raft/command.h"
#include "bench/raft/cores.h"

namespace beach::bench {

struct RaftRow {
  std::uint64_t nodes = 0;
  std::uint64_t batch = 0;  // entries that are proposed together; 0: heartbeats alone
  CoreCosts costs;          // of the median round, not timed by parts
  CoreCosts parts;          // of a round that was
};

// Medians of the rounds, by wall time.
std::vector<RaftRow> MeasureRaft(const RaftArguments& arguments);
std::string AsText(const std::vector<RaftRow>& rows);
std::string AsJson(const std::vector<RaftRow>& rows);

// Prints them; the exit code.
int RunRaft(const RaftArguments& arguments);

}  // namespace beach::bench
