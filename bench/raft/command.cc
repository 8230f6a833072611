// SPDX-License-Identifier: Apache-2.0
#include "bench/raft/command.h"

#include <memory>
#include <utility>

namespace beach::bench {

void AddRaft(command_line::Command root, std::function<int(const RaftArguments&)> run) {
  const command_line::Command command =
      root.Add("raft", "What the core of consensus costs a processor, in memory");
  const auto arguments = std::make_shared<RaftArguments>();
  command.Number("--entries", arguments->entries, 1, std::uint64_t{1} << 32, "Of each measurement");
  command.Number("--bytes", arguments->bytes, 0, std::uint64_t{1} << 20, "Of an entry");
  command.Number("--rounds", arguments->rounds, 1, 1000, "The median of so many is shown");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples(
      "Three and five nodes whose cores hand each other their messages; disks and state machines\n"
      "are done at once. Times are of all nodes together.\n"
      "\nExample:\n  beachbench raft --json");
  command.Does([arguments, run = std::move(run)] { return run(*arguments); });
}

}  // namespace beach::bench
