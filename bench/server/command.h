// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "command_line/command.h"

namespace beach::bench {

// As the command line has them.
struct ServerArguments {
  std::string peers;
  std::string clients = "1,16,64,256";
  std::string data = ".";
  std::uint64_t rounds = 3;
  std::uint64_t seconds = 2;
  std::uint64_t keys = 10'000;
  std::uint64_t value_bytes = 100;
  bool json = false;
};

// `server`: one node, beside Redis. `run` returns the exit code.
void AddServer(command_line::Command root, std::function<int(const ServerArguments&)> run);
// `cluster`: three nodes, beside etcd.
void AddCluster(command_line::Command root, std::function<int(const ServerArguments&)> run);

}  // namespace beach::bench
