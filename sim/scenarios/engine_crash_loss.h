// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "oracle/model.h"
#include "oracle/violation.h"
#include "sim/disk/disk.h"

// Recoveries that may give up a part of what was promised, and say so: an open with
// RecoveryMode::kPointInTime, and a repair. Both tell the last sequence number that they keep: what
// is found must be all up to that one, and nothing else.

namespace beach::sim::scenarios::engine_crash {

// All batches that the database holds, over all its lives. In the simulation's memory.
class History {
 public:
  void Issue(const oracle::ModelBatch& batch) { issued_[batch.id] = batch; }
  // Around CrashOracle::Recovered.
  void BeginSettling(const oracle::Model& model);
  void EndSettling(const oracle::Model& model);

  // Whether `found` is what all batches up to that sequence number make, and that: `kept`, which is
  // new.
  oracle::Judgement Judge(const oracle::Model& model, std::uint64_t last_kept,
                          const std::vector<oracle::KeyValue>& found, oracle::Model& kept) const;
  // Those above it are gone.
  void Cut(const oracle::Model& model, std::uint64_t last_kept);

 private:
  struct Place {
    oracle::BatchId id;
    std::uint64_t last_sequence = 0;
  };
  std::vector<Place> WithLife(const oracle::Model& model) const;

  std::map<oracle::BatchId, oracle::ModelBatch> issued_;
  std::vector<Place> held_;  // settled
  std::vector<Place> life_;  // while it is settled
};

// The last sequence number in the flights of the log's damaged segments that lie wholly before the
// damage: what no loss may reach. 0: there are none.
std::uint64_t SoundBeforeDamage(Disk& disk);

}  // namespace beach::sim::scenarios::engine_crash
