// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "env/events.h"
#include "oracle/violation.h"
#include "sim/scenarios/engine_backup_history.h"
#include "sim/scenarios/engine_backup_plan.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::copies {

// A checkpoint or a backup that was asked for.
struct Copy {
  std::uint64_t floor = 0;            // all up to this one was acknowledged before the call
  std::optional<std::uint64_t> last;  // it was made, and holds all up to this one
  std::uint64_t number = 0;           // of a backup that is known, or was restored
  History history;                    // when it was made or given up
  bool under_way = true;
  bool restored = false;  // in a slot: some backup
  bool nothing = false;   // it was refused, and has made nothing
  bool may_be_gone = false;
  std::uint64_t keep = 0;  // of a backup that removes others: how many it leaves
};

// What a copy shows when it is opened.
struct Found {
  std::uint64_t last = 0;
  const State* state = nullptr;  // null: it was not read to its end
};

// How far a follower of the log has come.
struct Followed {
  std::uint64_t position = 0;
  std::uint64_t shown = 0;  // to it, by cursors
};

// How far a process came.
struct LifeReport {
  bool opened = false;
  bool closed = false;
  bool judged = false;
};

// What outlives the processes: history and copies. In the simulation's memory; code of a process
// enters it with a SystemScope open. It hears the engine's events.
class World final : public env::EventSink {
 public:
  World(Simulation& simulation_of_run, HostId host_of_run, const Plan& plan_of_run)
      : simulation(simulation_of_run),
        host(host_of_run),
        plan(plan_of_run),
        followed(plan_of_run.followers.size()) {}

  void Record(Site event, std::span<const env::EventField> fields) override;
  using env::EventSink::Record;

  void SetFaults(bool on);
  void BeginProcess();
  void EndProcess(ProcessEnd end);
  void PowerLost() { survives_only_sync_ = true; }
  // Ends the run unless something that has struck explains the error. No SystemScope.
  void Excuse(const char* doing, const Error& error);
  void Settle(const oracle::Judgement& judgement);

  // All below with a SystemScope.
  oracle::Judgement Recovered(const Found& found);
  void Acknowledged(const Command& write);
  void Durable(std::uint64_t last) { durable_ = std::max(durable_, last); }
  // A cursor has shown a batch while readers saw all up to `visible`.
  oracle::Judgement Followed(copies::Followed& follower, std::uint64_t first, std::uint64_t count,
                             ByteView encoding, std::uint64_t visible);
  // Files are pinned that say that they are all up to `last`, as of that time.
  oracle::Judgement Pinned(std::uint64_t last, std::uint64_t time) const;
  // Of a database that a follower has made, and that holds all up to `last`.
  oracle::Judgement JudgeReplica(std::uint64_t last, const Found& found) const;
  // An open to be read has shown this: so must the next open.
  void ShownToReader(std::uint64_t last, State state);
  std::vector<Copy>& slot(std::uint64_t number) { return slots_[number]; }
  // Whether what was found is one of the copies that may be there.
  oracle::Judgement JudgeCopy(const char* what, std::vector<Copy>& copies, const Found& found);
  bool HasBackup() const;  // for sure
  // The same of a backup by its number. One that nobody was told of is known from then on.
  oracle::Judgement JudgeBackup(std::uint64_t number, const Found& found);
  // Those that must be there are.
  oracle::Judgement JudgeList(const std::vector<std::uint64_t>& numbers);
  // A copy was made. `number` and `keep`: of a backup.
  void Made(Copy& copy, std::uint64_t number, std::uint64_t last, std::uint64_t keep);
  // It failed. `nothing`: it left what was there as it was.
  void GiveUp(Copy& copy, bool nothing);
  // A backup that keeps so many is under way, was made, or was perhaps made: the newest that it may
  // have seen is `newest`, or one that is known.
  void OldestMayGo(std::uint64_t keep, std::uint64_t newest = 0);
  void ForgetUnknownBackups();
  bool MustOpen(std::uint64_t slot);

  Simulation& simulation;
  const HostId host;
  const Plan& plan;
  std::map<std::uint64_t, Command> batches;  // of the workload, by id
  LifeReport report;
  bool ever_opened = false;
  std::vector<copies::Followed> followed;  // by follower
  std::vector<Copy> backups;
  // Directories that are to be removed before they are used again.
  bool slot_is_spent[kSlots] = {};
  bool restored_is_spent = false;
  std::uint64_t restoring = 0;     // the backup that may stand in the directory for restored ones
  std::uint64_t copies_begun = 0;  // in this life
  std::uint64_t strike_at_copy = 0;
  std::uint64_t strike_calls = 0;
  Strike strike = Strike::kKill;

 private:
  std::uint64_t CountFaults();
  oracle::Judgement JudgeInSlot(const char* what, const Copy& copy, const Found& found);

  History history_;
  std::vector<Copy> slots_[kSlots];
  std::optional<std::pair<std::uint64_t, State>> reader_saw_;  // and nothing came between
  std::uint64_t acknowledged_ = 0;
  std::uint64_t durable_ = 0;
  bool survives_only_sync_ = false;
  std::uint64_t faults_before_ = 0;
};

}  // namespace beach::sim::scenarios::copies
