// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "engine/db.h"
#include "sim/scenarios/engine_crash_workload.h"
#include "sim/scenarios/engine_crash_world.h"

namespace beach::sim::scenarios::engine_crash {

// Runs commands against the database, one after the other, and has the model judge each. Lives in
// the memory of the process under test; one thread.
class Client {
 public:
  Client(World& world, engine::Db& db, env::Clock& clock) : world_(world), db_(db), clock_(clock) {}

  void Run(const std::vector<Command>& commands);
  // Looks at what readers are said to see, again and again, until the others are done.
  void Watch(std::uint64_t every_ns, const std::atomic<bool>& over);

  // Each judged.
  void Write(const oracle::ModelBatch& batch);
  void Get(ByteView key);
  // Of what was recovered and is not settled yet.
  void GetRecovered(ByteView key);
  void Scan(const oracle::KeyRange& range, bool backward);
  // Scans everything, both ways and as of now by number, and reads some keys by themselves.
  void ReadEverything();
  void Flush();
  void Compact(const oracle::KeyRange& range);

 private:
  // What a hold keeps: an iterator, and the sequence number that was visible just before it.
  struct Held {
    FaultCounts since;
    std::unique_ptr<engine::Iterator> iterator;
    oracle::Model::ReadMark mark;
    engine::SequenceNumber sequence;
    oracle::Model::ReadMark mark_at_sequence;
  };

  void RunOne(const Command& command);
  Status Send(const oracle::ModelBatch& batch);
  oracle::Model::ReadMark Peek();
  void JudgeGet(ByteView key, const oracle::Model::ReadMark& mark, const FaultCounts& since);
  void Hold();
  void Check(bool backward);
  // Reads all keys but those before `from`, and turns round here and there; nothing after an
  // explained error.
  void CheckIterator(engine::Iterator& iterator, const Bytes& from,
                     const oracle::Model::ReadMark& mark, bool backward, const FaultCounts& since);

  World& world_;
  engine::Db& db_;
  env::Clock& clock_;
  std::optional<Held> held_;
};

}  // namespace beach::sim::scenarios::engine_crash
