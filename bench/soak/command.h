// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "command_line/command.h"

namespace beach::bench {

// As the command line has them.
struct SoakArguments {
  std::string user_bytes = "256M";
  std::string memory = "256M";
  std::string time = "1m";
  std::string stall = "1s";
  std::string disk;  // empty: sixteen times the user bytes and 1 GiB
  std::uint64_t clients = 2;
  std::string data = ".";
  bool json = false;
};

// `soak`: BeachDB under load for a long time. `run` returns the exit code.
void AddSoak(command_line::Command root, std::function<int(const SoakArguments&)> run);

}  // namespace beach::bench
