// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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
  // Returns when it is queued; judged when it is answered.
  void WriteAsync(const oracle::ModelBatch& batch);
  // If the keys are as the conditions ask, by the model as of now.
  void WriteIf(const oracle::ModelBatch& batch, const std::vector<Condition>& conditions);
  // A key that no limit allows; nobody else writes. Rule 1.
  void WriteTooMuch();
  void Get(ByteView key, std::uint64_t time = 0);
  // Of what was recovered and is not settled yet.
  void GetRecovered(ByteView key);
  void Scan(const oracle::KeyRange& range, bool backward);
  // As of `snapshot`, or of now; and at the mark's time.
  void MultiGet(const std::vector<Bytes>& keys, const engine::Snapshot* snapshot,
                const oracle::Model::ReadMark& mark);
  // Scans everything, both ways and as of now by number, and reads some keys by themselves.
  void ReadEverything();
  void Flush();
  void Compact(const oracle::KeyRange& range);
  // Reads the log from so many numbers before the last one.
  void Follow(std::uint64_t back);
  void Pin();

 private:
  // What a hold keeps: an iterator, and a snapshot of just before it.
  struct Held {
    FaultCounts since;
    std::unique_ptr<engine::Iterator> iterator;
    oracle::Model::ReadMark mark;
    std::unique_ptr<const engine::Snapshot> snapshot;
    oracle::Model::ReadMark mark_of_snapshot;
  };

  void RunOne(const Command& command);
  void Issue(const oracle::ModelBatch& batch);
  Status Send(const oracle::ModelBatch& batch);
  Result<bool> SendIf(const oracle::ModelBatch& batch);
  // The model and the watches are told how a write ended; the run ends if they object.
  void EndAsync(const oracle::ModelBatch& batch, const Status& status, const AsyncWatch::Call& call,
                const ReserveWatch::Mark& reserve, bool poisoned_before);
  void JudgeWrite(const oracle::ModelBatch& batch, const Result<bool>& written,
                  const ReserveWatch::Mark& reserve, bool poisoned_before);
  oracle::Model::ReadMark Peek();
  void JudgeGet(ByteView key, const oracle::Model::ReadMark& mark, const FaultCounts& since);
  void ScanWithin(const oracle::KeyRange& range, bool backward);
  void Hold(std::uint64_t slot);
  void Check(std::uint64_t slot, bool backward);
  void Release(Held& held);
  void CheckHeld(const Held& held, bool backward);
  // Reads all keys but those before `from`, and turns round here and there; nothing after an
  // explained error.
  void CheckIterator(engine::Iterator& iterator, const Bytes& from,
                     const oracle::Model::ReadMark& mark, bool backward, const FaultCounts& since);

  World& world_;
  engine::Db& db_;
  env::Clock& clock_;
  std::array<std::optional<Held>, kSlots> held_;
};

}  // namespace beach::sim::scenarios::engine_crash
