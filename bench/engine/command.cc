// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/command.h"

#include <memory>
#include <utility>

#include "bench/engine/plan.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kRecordsMin = 1000;
constexpr std::uint64_t kRecordsMax = 1'000'000'000;
constexpr std::size_t kNameWidth = 18;

std::string WorkloadHelp() {
  std::string text = "Workloads, in the order of a round:\n";
  for (const Workload& workload : AllWorkloads()) {
    std::string name = workload.name;
    name.resize(kNameWidth, ' ');
    text += "  " + name + workload.help + "\n";
  }
  return text;
}

}  // namespace

void AddEngine(command_line::Command root, std::function<int(const EngineArguments&)> run) {
  const command_line::Command command =
      root.Add("engine", "Drive BeachDB, and other engines beside it, through the same workloads");
  const auto arguments = std::make_shared<EngineArguments>();
  command.Text("--peers", arguments->peers, "Other engines too: rocksdb,leveldb,lmdb");
  command.Text("--workloads", arguments->workloads, "Only these, with commas between; else all");
  command.Text("--threads", arguments->threads,
               "Numbers of threads for reads and mixes, each measured: 1,2");
  command.Number("--n", arguments->n, kRecordsMin, kRecordsMax, "Records in the database");
  command.Number("--rounds", arguments->rounds, 1, 100, "How often; medians are of them");
  command.Text("--memtable", arguments->memtable, "Size of a memtable of each engine");
  command.Text("--cache", arguments->cache, "Size of the block cache of each engine");
  command.Text("--data", arguments->data,
               "Where the databases are made, in a folder that is removed at the end; a disk, not "
               "memory");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples(WorkloadHelp() +
                   "\nExample:\n  beachbench engine --peers rocksdb,leveldb,lmdb --n 2000000 "
                   "--rounds 5\n  beachbench engine --workloads readrandom,seekrandom "
                   "--threads 1,2 --cache 24M --json");
  command.Does([arguments, run = std::move(run)] { return run(*arguments); });
}

}  // namespace beach::bench
