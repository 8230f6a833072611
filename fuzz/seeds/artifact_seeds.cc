// SPDX-License-Identifier: Apache-2.0
#include "artifacts/artifact.h"
#include "fuzz/seeds.h"

namespace beach::fuzz {

void AddArtifactSeeds(Seeds& seeds) {
  artifacts::Artifact artifact;
  artifact.build_id = "abcdef";
  artifact.scenario = "engine-crash";
  artifact.policy = "random";
  seeds.push_back({"artifact_json", "empty", artifacts::ToJson(artifact)});
  artifact.seed = ~std::uint64_t{0};
  artifact.options = {{"fault.disk.read_error", 1000}, {"host.db.capacity", 1}};
  artifact.operations = {{1, 0, 2, "put", {"key", "\xff\x80 value"}}, {2, 1, 0, "flush", {}}};
  artifact.decisions = {{"disk.cut.mode", "db", 0, "", 3, 1},
                        {"wal.small_read", "db", 2, "main", 0, 1}};
  artifact.verdict = {"engine-crash/lost-write", "expected \"a\", found nothing", 123456, 789};
  artifact.hash = {1, 2};
  artifact.checkpoints = {{16, {3, 4}}, {32, {5, 6}}};
  artifact.last_events = {{788, 123, "db", "main", "io", "sync 000001.wal"}};
  artifact.stack = "#0 main\n";
  seeds.push_back({"artifact_json", "full", artifacts::ToJson(artifact)});
}

}  // namespace beach::fuzz
