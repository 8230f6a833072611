// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "command_line/command.h"

namespace beach::bench {

// As the command line has them.
struct RaftArguments {
  std::uint64_t entries = 200'000;
  std::uint64_t bytes = 100;
  std::uint64_t rounds = 5;
  bool json = false;
};

// `raft`: what consensus costs a processor. `run` returns the exit code.
void AddRaft(command_line::Command root, std::function<int(const RaftArguments&)> run);

}  // namespace beach::bench
