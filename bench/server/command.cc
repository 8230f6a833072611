// SPDX-License-Identifier: Apache-2.0
#include "bench/server/command.h"

#include <memory>
#include <utility>

namespace beach::bench {
namespace {

std::shared_ptr<ServerArguments> AddArguments(command_line::Command command,
                                              const std::string& peers) {
  auto arguments = std::make_shared<ServerArguments>();
  command.Text("--peers", arguments->peers, "Beside it: " + peers);
  command.Text("--clients", arguments->clients, "Numbers of clients, each measured");
  command.Number("--rounds", arguments->rounds, 1, 100, "How often; medians are of them");
  command.Number("--seconds", arguments->seconds, 1, 3600, "Of a measurement, about");
  command.Number("--keys", arguments->keys, 1, 1'000'000'000, "How many there are");
  command.Number("--value-size", arguments->value_bytes, 1, 1 << 20, "Bytes of a value");
  command.Text("--data", arguments->data,
               "Where the servers keep what they have, in a folder that is removed at the end; a "
               "disk, not memory");
  command.Flag("--json", arguments->json, "One JSON document");
  return arguments;
}

}  // namespace

void AddServer(command_line::Command root, std::function<int(const ServerArguments&)> run) {
  const command_line::Command command =
      root.Add("server", "Drive one node, and Redis beside it, with redis-benchmark");
  const auto arguments = AddArguments(command, "redis");
  command.Examples("Example:\n  beachbench server --peers redis --clients 1,64 --json");
  command.Does([arguments, run = std::move(run)] { return run(*arguments); });
}

void AddCluster(command_line::Command root, std::function<int(const ServerArguments&)> run) {
  const command_line::Command command =
      root.Add("cluster", "Drive three nodes on this machine, and etcd's beside them");
  const auto arguments = AddArguments(command, "etcd");
  command.Examples("Example:\n  beachbench cluster --peers etcd --clients 1,64 --json");
  command.Does([arguments, run = std::move(run)] { return run(*arguments); });
}

}  // namespace beach::bench
