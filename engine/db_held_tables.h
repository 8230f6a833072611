// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "engine/db_impl.h"

namespace beach::engine {

// All that a database is at one moment, as tables whose files keep their names until they are let
// go. Goes before its handle does.
class DbImpl::HeldTables {
 public:
  explicit HeldTables(DbImpl& db) : db_(db) {}
  ~HeldTables();
  HeldTables(const HeldTables&) = delete;
  HeldTables& operator=(const HeldTables&) = delete;

  // Flushes, so that all that was acknowledged before the call is among them. Errors: of Flush.
  Status Take();

  // Its tables, its last sequence number, and what numbers are in use; no log.
  const ManifestState& state() const { return state_; }
  // state().tables[index], opened. REQUIRES: not let go.
  const Table& table(std::size_t index) const { return *tables_[index]; }
  // Done with state().tables[index].
  void LetGo(std::size_t index);

 private:
  DbImpl& db_;
  ManifestState state_;
  std::vector<TablePointer> tables_;  // as in state_; null: let go
};

}  // namespace beach::engine
