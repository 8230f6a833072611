// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "artifacts/artifact.h"
#include "base/random.h"
#include "oracle/model.h"

// What clients do, as data. A size is that of the filler behind the value's id (oracle/value_id.h);
// the id of an operation is that of its batch.
//   kind        arguments
//   put         sync|nosync, key, size
//   delete      sync|nosync, key
//   erase       sync|nosync, from, to: all keys from the first, included, to the second, excluded
//   batch       sync|nosync, then any of: put, key, size / delete, key / erase, from, to
//   get         key
//   scan        all keys
//   flush
//   compact     all, or: from, to
//   checkpoint  into a directory of its own
//   backup      into the one place of backups

namespace beach::crash {

enum class ActionKind : std::uint8_t {
  kWrite,
  kGet,
  kScan,
  kFlush,
  kCompact,
  kCheckpoint,
  kBackup
};

struct Action {
  ActionKind kind = ActionKind::kFlush;
  oracle::ModelBatch batch;                    // kWrite
  Bytes key;                                   // kGet
  std::optional<oracle::KeyRange> range = {};  // kCompact: both ends included
};

// Nothing where the operation is not as said above.
std::optional<Action> ParseOperation(const artifacts::Operation& operation);

struct WorkloadRequest {
  std::uint64_t life = 0;
  std::uint64_t first_id = 1;
  std::uint64_t operations = 0;
  std::uint64_t clients = 1;
  std::uint64_t keys = 20;
  std::uint64_t value_size_max = 200;
};

std::vector<artifacts::Operation> MakeWorkload(const WorkloadRequest& request, RandomStream stream);

}  // namespace beach::crash
