// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "command_line/command.h"

namespace beach::bench {

// As the command line has them.
struct EngineArguments {
  std::string peers;
  std::string workloads;
  std::string threads = "1";
  std::uint64_t n = 1'000'000;
  std::uint64_t rounds = 3;
  std::string memtable = "64M";
  std::string cache = "512M";
  std::string data = ".";
  bool json = false;
};

// `engine`: BeachDB beside other engines. `run` returns the exit code.
void AddEngine(command_line::Command root, std::function<int(const EngineArguments&)> run);

}  // namespace beach::bench
