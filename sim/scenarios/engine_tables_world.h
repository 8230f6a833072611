// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/tables/named_table.h"
#include "env/events.h"
#include "oracle/crash_oracle.h"
#include "oracle/model.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::named_tables {

using engine::NamedTable;

// All tables as one space of keys, for the oracles: 4 bytes of the number, greatest first, and the
// key. Number 1, which no client ever gets, is the list of them: "name" has the number, and "#" and
// 4 bytes of the number have the name.
Bytes Place(NamedTable table, ByteView key = {});
oracle::KeyRange Within(NamedTable table, const oracle::KeyRange& range = {});
Bytes PlaceOfName(ByteView name);
Bytes PlaceOfNumber(NamedTable table);
Bytes NumberText(NamedTable table);
// What a place is of.
NamedTable TableOf(ByteView place);
ByteView KeyOf(ByteView place);
std::vector<oracle::KeyValue> AllWithin(NamedTable table, std::vector<oracle::KeyValue> entries);

// A write that is under way. On a process's stack: it owns nothing, since a kill destroys nothing.
struct Issued {
  oracle::BatchId id;
  oracle::Model::ReadMark mark;  // when it began
};

// What outlives the processes: the model of all tables, and what was promised. In the simulation's
// memory; code of a process enters it with a SystemScope open, but where it says otherwise. It
// hears the engine's events.
class World final : public env::EventSink {
 public:
  explicit World(Simulation& simulation_of_run) : simulation(simulation_of_run) {}

  void Record(Site event, std::span<const env::EventField> fields) override;
  using env::EventSink::Record;

  // No SystemScope: ends the run if the judgement is one, or an event was one.
  void Settle(const oracle::Judgement& judgement);

  void BeginLife(ProcessEnd before);
  void Closed();

  Issued Issue(oracle::ModelBatch batch);
  // How it ended: true, written; false, a condition did not hold.
  oracle::Judgement Written(const Issued& issued, const Result<bool>& written);
  // Of a moment at which nobody writes.
  oracle::Judgement JudgeTime(std::uint64_t time) const;
  // An open has shown the table.
  void Given(NamedTable table) { given_.insert(table.number); }
  // A call made a table, or dropped the one of this name, and returned.
  oracle::Judgement Created(ByteView name, NamedTable table);
  oracle::Judgement Dropped(ByteView name);
  // Whether the call may have met a key that was there, or was not, since the mark was taken.
  bool MayBe(const oracle::Model::ReadMark& mark, ByteView place, bool there) const;
  // Of a read that was refused, or not, as of the mark: whether it had to be.
  oracle::Judgement JudgeAnswer(const oracle::Model::ReadMark& mark, NamedTable table,
                                bool refused) const;
  std::uint64_t NextId() { return ++last_id_; }

  Simulation& simulation;
  oracle::Model model;
  oracle::CrashOracle crash{model};
  std::vector<NamedTable> gone;  // some that were dropped for good

 private:
  struct Change {
    oracle::BatchId id;
    NamedTable table;
  };
  void HearChange(bool drop, NamedTable table, ByteView name);
  void HearWrite(oracle::BatchId id, std::uint64_t first, std::uint64_t count);

  oracle::Judgement pending_;
  std::uint64_t last_id_ = std::uint64_t{1} << 40;  // above those of the workload
  std::uint64_t change_first_ = 0;                  // of the batch that no client has issued
  std::uint64_t change_count_ = 0;
  // With names, by batches of this life.
  std::map<oracle::BatchId, std::vector<NamedTable>> touched_;
  std::map<engine::TableNumber, oracle::BatchId> created_;    // in this life
  std::map<Bytes, std::deque<Change>, std::less<>> dropped_;  // and not acknowledged, by name
  std::set<engine::TableNumber> given_;                       // for good
  bool closed_ = true;
};

}  // namespace beach::sim::scenarios::named_tables
