// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/db.h"
#include "sim/lives.h"
#include "sim/scenarios/engine_tables_world.h"

namespace beach::sim::scenarios::named_tables {

inline constexpr std::array kNames = {"a", "b", "c", "dunes", "e.5"};

// Tables as all clients of a process know them: what somebody has dropped since stays, to be used.
// The one without a name comes last.
using Handles = std::array<std::atomic<std::uint64_t>, kNames.size() + 1>;

// Of a write.
struct Operation {
  NamedTable table;
  std::uint64_t what = 0;
  Bytes key;
  Bytes end = {};
  std::uint64_t filler = 0;

  bool ranges() const { return what == 0; }
  bool deletes() const { return what > 8; }
};

// Makes calls in the process, and has each answer judged. What a call is about follows from its
// number. Of one thread.
class Client {
 public:
  Client(World& world, engine::Db& db, Handles& handles)
      : world_(world), db_(db), handles_(handles) {}

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
  Status Write(RandomStream& draws, const Call& call, bool one);
  Status SendOne(const Operation& operation, oracle::BatchId id, bool sync);
  Status Send(const std::vector<Operation>& operations, oracle::BatchId id, bool sync);
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
  NamedTable Draw(RandomStream& draws);
  void Judge(const oracle::Judgement& judgement) { world_.Settle(judgement); }

  World& world_;
  engine::Db& db_;
  Handles& handles_;
  std::optional<Held> held_;
};

// Keys at the edges of tables and of what is escaped, and some between.
Bytes DrawKey(RandomStream& draws);

}  // namespace beach::sim::scenarios::named_tables
