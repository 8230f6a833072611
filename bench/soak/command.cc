// SPDX-License-Identifier: Apache-2.0
#include "bench/soak/command.h"

#include <memory>
#include <utility>

namespace beach::bench {
namespace {

constexpr std::uint64_t kClientsMax = 64;

}  // namespace

void AddSoak(command_line::Command root, std::function<int(const SoakArguments&)> run) {
  const command_line::Command command =
      root.Add("soak", "Write, delete, read and scan for a long time, and check every answer");
  const auto arguments = std::make_shared<SoakArguments>();
  command.Text("--user-bytes", arguments->user_bytes, "Keys and values of all records together");
  command.Text("--memory", arguments->memory, "What the database may take of it; 8M at least");
  command.Text("--time", arguments->time, "How long: 30s, 20m");
  command.Text("--stall", arguments->stall, "An operation that takes longer is a finding: 1s, 1m");
  command.Text("--disk", arguments->disk,
               "The run ends with exit code 3 beyond that; else 16 times the user bytes and 1G");
  command.Number("--clients", arguments->clients, 1, kClientsMax, "Threads that write and read");
  command.Text("--data", arguments->data,
               "Where the database is made, in a folder that is removed at the end");
  command.Flag("--json", arguments->json, "One JSON document at the end; samples go to stderr");
  command.Examples(
      "Exit code 1: a stall (--stall); after five minutes, more memory than --memory and a tenth;\n"
      "a wrong or missing value, in the run or in the scan of everything at its end; damage that\n"
      "the verification of the closed database finds.\n"
      "\nExample:\n  beachbench soak --user-bytes 4G --memory 256M --time 20m --data /var/tmp");
  command.Does([arguments, run = std::move(run)] { return run(*arguments); });
}

}  // namespace beach::bench
