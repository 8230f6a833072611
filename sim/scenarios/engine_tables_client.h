// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/db.h"
#include "sim/lives.h"
#include "sim/scenarios/engine_tables_keys.h"
#include "sim/scenarios/engine_tables_world.h"
#include "sim/scenarios/engine_tables_write.h"

namespace beach::sim::scenarios::named_tables {

// Makes calls in the process, and has each answer judged. What a call is about follows from its
// number. Of one thread.
class Client {
 public:
  Client(World& world, const Excuse& excuse, engine::Db& db, Handles& handles)
      : world_(world), db_(db), handles_(handles), writer_(world, excuse, db, handles) {}

  // The error that the call returned, if a fault must explain it.
  Status Make(const Call& call);
  // All of one table, by an iterator that this fixes.
  Status Scan(NamedTable table, const oracle::KeyRange& range, bool backward, std::uint64_t pick);

 private:
  struct Held {
    NamedTable table;
    std::unique_ptr<const engine::Snapshot> snapshot;
    oracle::Model::ReadMark of_snapshot;
    std::unique_ptr<engine::Iterator> iterator;  // null: the table was gone
    oracle::Model::ReadMark of_iterator;
  };

  Status Create(const std::string& name, std::size_t slot);
  Status Drop(const std::string& name);
  Status Open(const std::string& name, std::size_t slot);
  Status List();
  Status Get(NamedTable table, ByteView key);
  Status MultiGet(RandomStream& draws, NamedTable table);
  Status Hold(RandomStream& draws, NamedTable table);
  Status Check(RandomStream& draws);
  Status Flush();
  Status ReadAll(engine::Iterator& iterator, const oracle::Model::ReadMark& mark, NamedTable table,
                 const oracle::KeyRange& range, bool backward, std::uint64_t pick);

  // Of a call that answers with the error: false where it is another one, true once it is judged.
  bool IsGone(const Error& error, const oracle::Model::ReadMark& mark, NamedTable table);
  void Answered(const oracle::Model::ReadMark& mark, NamedTable table);
  oracle::Model::ReadMark BeginRead();
  void Judge(const oracle::Judgement& judgement) { world_.Settle(judgement); }

  World& world_;
  engine::Db& db_;
  Handles& handles_;
  Writer writer_;
  std::optional<Held> held_;
};

}  // namespace beach::sim::scenarios::named_tables
