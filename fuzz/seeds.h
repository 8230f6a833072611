// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace beach::fuzz {

// One input that its target's format has: what fuzzing starts from.
struct Seed {
  std::string target;
  std::string name;
  Bytes bytes;
};
using Seeds = std::vector<Seed>;

void AddBatchSeeds(Seeds& seeds);     // batch, group
void AddFrameSeeds(Seeds& seeds);     // frame
void AddRaftSeeds(Seeds& seeds);      // raft_message, snapshot_frame
void AddRaftLogSeeds(Seeds& seeds);   // raft_record, raft_register, raft_log
void AddNodeSeeds(Seeds& seeds);      // node_state
void AddCommandSeeds(Seeds& seeds);   // command
void AddClientSeeds(Seeds& seeds);    // client_message
void AddRespSeeds(Seeds& seeds);      // resp
void AddHttpSeeds(Seeds& seeds);      // http
void AddLogSeeds(Seeds& seeds);       // wal_record, wal_segment, wal_recovery
void AddTableSeeds(Seeds& seeds);     // sst_*
void AddManifestSeeds(Seeds& seeds);  // manifest_*, current, identity
void AddArtifactSeeds(Seeds& seeds);  // artifact_json
void AddImageSeeds(Seeds& seeds);     // disk_image

void AddRunSeeds(Seeds& seeds);  // decisions, api

inline Seeds AllSeeds() {
  Seeds seeds;
  AddBatchSeeds(seeds);
  AddFrameSeeds(seeds);
  AddRaftSeeds(seeds);
  AddRaftLogSeeds(seeds);
  AddNodeSeeds(seeds);
  AddCommandSeeds(seeds);
  AddClientSeeds(seeds);
  AddRespSeeds(seeds);
  AddHttpSeeds(seeds);
  AddLogSeeds(seeds);
  AddTableSeeds(seeds);
  AddManifestSeeds(seeds);
  AddArtifactSeeds(seeds);
  AddImageSeeds(seeds);
  AddRunSeeds(seeds);
  return seeds;
}

}  // namespace beach::fuzz
