// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/registry.h"

#include "sim/preempt/watcher.h"
#include "sim/scenarios/cluster.h"
#include "sim/scenarios/current_view.h"
#include "sim/scenarios/engine_backup.h"
#include "sim/scenarios/engine_crash.h"
#include "sim/scenarios/engine_memory.h"
#include "sim/scenarios/engine_tables.h"
#include "sim/scenarios/links.h"
#include "sim/scenarios/memtable.h"
#include "sim/scenarios/raft_core.h"
#include "sim/scenarios/wal.h"

namespace beach::sim::scenarios {

std::vector<std::unique_ptr<sim::Scenario>> MakeScenarios() {
  std::vector<std::unique_ptr<sim::Scenario>> scenarios;
  scenarios.push_back(std::make_unique<Cluster>());
  scenarios.push_back(std::make_unique<Cluster>(cluster::Focus::kClocks));
  scenarios.push_back(std::make_unique<Cluster>(cluster::Focus::kLiveness));
  scenarios.push_back(std::make_unique<Cluster>(cluster::Focus::kMembership));
  scenarios.push_back(std::make_unique<Cluster>(cluster::Focus::kSnapshots));
  scenarios.push_back(std::make_unique<Cluster>(cluster::Focus::kStorage));
  scenarios.push_back(std::make_unique<EngineBackup>());
  scenarios.push_back(std::make_unique<EngineCrash>(engine_crash::Weather::kErrors,
                                                    engine_crash::Focus::kCompaction));
  scenarios.push_back(std::make_unique<EngineCrash>());
  scenarios.push_back(std::make_unique<EngineCrash>(engine_crash::Weather::kEverything));
  scenarios.push_back(std::make_unique<EngineMemory>());
  scenarios.push_back(
      std::make_unique<EngineCrash>(engine_crash::Weather::kErrors, engine_crash::Focus::kReaders));
  scenarios.push_back(std::make_unique<EngineTables>());
  scenarios.push_back(std::make_unique<Links>());
  // Without a switch at an access they have nothing to show.
  if (preempt::instrumented) {
    scenarios.push_back(std::make_unique<CurrentViewAlone>());
    scenarios.push_back(std::make_unique<MemtableAlone>());
  }
  scenarios.push_back(std::make_unique<RaftCore>());
  scenarios.push_back(std::make_unique<Cluster>(cluster::Focus::kServer));
  scenarios.push_back(std::make_unique<Wal>());
  return scenarios;
}

}  // namespace beach::sim::scenarios
