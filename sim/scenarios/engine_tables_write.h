// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/random.h"
#include "engine/db.h"
#include "sim/lives.h"
#include "sim/scenarios/engine_tables_keys.h"
#include "sim/scenarios/engine_tables_world.h"

namespace beach::sim::scenarios::named_tables {

// Ends the run unless something explains the status.
using Excuse = std::function<void(const char* doing, const Status& status)>;

struct Operation {
  enum class Kind : std::uint8_t { kPut, kPutUntil, kDelete, kDeleteRange, kMerge, kTime };

  Kind kind = Kind::kPut;
  NamedTable table;
  Bytes key;
  Bytes end;    // of a range
  Bytes value;  // or operand
  oracle::MergeKind merge = oracle::MergeKind::kAdd;
  std::uint64_t time = 0;  // when the value expires, or what the time is advanced to
};

// Writes in all the ways that there are, across tables that may be dropped meanwhile, and has the
// model judge each. In the process; of one thread, but for the answers.
class Writer {
 public:
  // All outlive the handle of the database, which answers.
  Writer(World& world, const Excuse& excuse, engine::Db& db, const Handles& handles)
      : world_(world), excuse_(excuse), db_(db), handles_(handles) {}

  // The kind says how: "write" (one operation by the call of its own), "batch", "if" (on some
  // conditions) or "async". The error that the call returned, if a fault must explain it.
  Status Make(RandomStream& draws, const Call& call);

 private:
  Operation DrawOperation(RandomStream& draws, oracle::ValueId id);
  std::vector<oracle::ModelCondition> DrawConditions(RandomStream& draws, Bytes first);
  Status SendOne(const engine::WriteOptions& options, const Operation& operation);
  Result<bool> SendIf(const engine::WriteOptions& options, const oracle::ModelBatch& issued,
                      const std::vector<Operation>& operations);
  Status SendAsync(const engine::WriteOptions& options, const std::vector<Operation>& operations,
                   const Issued& issued);

  World& world_;
  const Excuse& excuse_;
  engine::Db& db_;
  const Handles& handles_;
};

}  // namespace beach::sim::scenarios::named_tables
