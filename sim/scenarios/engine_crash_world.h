// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/events.h"
#include "oracle/crash_oracle.h"
#include "oracle/model.h"
#include "sim/scenarios/engine_crash_kept.h"
#include "sim/scenarios/engine_crash_loss.h"
#include "sim/scenarios/engine_crash_plan.h"
#include "sim/scenarios/engine_crash_reserve.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::engine_crash {

// How far a process came. Written by the process, read when it is gone.
struct LifeReport {
  bool opened = false;     // and what it recovered was read and judged
  bool closed = false;     // cleanly
  std::string open_error;  // an injected one; empty: none
};

// What an operation asks of the disk, by which it is known what explains its errors.
enum class Doing : std::uint8_t {
  kReading,  // a read that failed, during this operation
  kWriting,  // the handle is poisoned; or nothing was written for want of space
  kOpening,  // any fault; closing, too
};

// How often faults have struck, by what they explain.
struct FaultCounts {
  std::uint64_t reads = 0;
  std::uint64_t opens = 0;  // of files; a read may have to open its table again
  std::uint64_t no_space = 0;
  std::uint64_t others = 0;

  friend bool operator==(const FaultCounts&, const FaultCounts&) = default;
};

// What outlives the processes: the oracles and the simulation. In the simulation's memory; code of
// a process enters it with a SystemScope open. It hears the engine's events.
class World final : public env::EventSink {
 public:
  World(Simulation& simulation_of_run, HostId host_of_run, const Plan& plan_of_run);

  // "write.sequenced" puts a batch in order, "write.refused" takes it out again. What it breaks is
  // kept until Settle: the engine must not be left in the middle of a call.
  void Record(Site event, std::span<const env::EventField> fields) override;
  using env::EventSink::Record;

  // Ends the run if the oracle objects, or has objected to an event. No SystemScope is open.
  void Settle(const oracle::Judgement& judgement);

  FaultCounts CountFaults();
  // Ends the run unless a fault that has struck since explains the error; without `since`, one of
  // this process.
  void Excuse(Doing doing, const char* operation, const Error& error, const FaultCounts& since);
  void Excuse(Doing doing, const char* operation, const Error& error);
  // The same for an open.
  void ExcuseOpen(const Error& error);

  // Error faults strike as planned and the disk has the size it was drawn with, or none strike and
  // the disk has plenty.
  void SetFaults(bool on);
  // Damage is seen again, while no error strikes.
  void ShowDamage();
  // What has struck so far explains nothing from here on, but that a poisoned handle stays so.
  void ForgetFaults();
  void BeginProcess();
  // Whether anything has struck in this run, where nothing was promised of the disk.
  bool IsBeyond();
  // An operation of this life's clients begins: the disk fills up before the one that the plan
  // says, and has room again some later.
  void Breathe();
  // Rule 19: an open keeps a segment back for deletes, unless there was no space. No SystemScope.
  void CheckReserve();
  // The handle of this process has said so.
  bool poisoned() const { return poisoned_; }

  // How the process that has exited or was killed left the OS's cache: a sync that failed may have
  // thrown away what it was to write.
  oracle::LifeEnd CacheAfter(oracle::LifeEnd end);
  // Which of many alike to look at: another one each time.
  std::uint64_t NextPick() { return next_pick_++; }
  // A few indexes below `count`, ascending, from all parts of the range; all where they are few.
  // Point reads cost blocks of every table, and scans read all of them anyway.
  std::vector<std::uint64_t> Sample(std::uint64_t count);
  // A key from which on there are a third of all, on average.
  Bytes SampleStart();
  // The id of a batch that is no part of the workload.
  std::uint64_t NextProbe() { return next_probe_++; }

  Simulation& simulation;
  const HostId host;
  const Plan& plan;
  oracle::Model model;
  oracle::CrashOracle crash{model};
  ReserveWatch reserve;
  SnapshotWatch snapshots{plan.options.snapshots_max};
  AsyncWatch async{
      {.writes = plan.options.async_writes_max, .bytes = plan.options.async_bytes_max}};
  NumberWatch numbers;
  // What a recovery shows, settled.
  oracle::Judgement JudgeRecovered(const std::vector<oracle::KeyValue>& found,
                                   std::uint64_t visible_sequence);
  // What the database says of the time as of that prefix.
  oracle::Judgement JudgeTime(std::uint64_t prefix, std::uint64_t time) const;
  // Whether the next recovery must show a legal prefix of what was written.
  bool RecoversAPrefix() const { return !plan.beyond.on && !last_kept_; }
  // The database keeps no more than that sequence number, or if not `sure` may do so.
  void ExpectLoss(std::uint64_t last_kept, bool sure);

  History history;  // in all weather
  // How this process opens the database, and whether the log may have a torn end then.
  engine::RecoveryMode mode = engine::RecoveryMode::kTornTail;
  bool may_be_torn = false;
  bool refused_by_damage = false;  // this process's open
  WrittenValues written;           // in a run beyond the contract
  LifeReport report;
  SpacePlan space;  // of this life
  bool ever_opened = false;
  std::vector<Bytes> recovered_keys;  // to be read one by one; here, as processes die at any time

 private:
  // The rate of that fault while what is under way, or as planned.
  void SetSpell(Site fault, std::uint64_t per_million);
  void EndSpell(Site fault);
  // Whether something at rest is damaged, and seen so.
  bool IsDamaged();
  // Whether that explains the error: it names the file.
  bool DamageExplains(const Error& error);
  std::uint64_t CountFailedSyncs();
  // Tells the oracle what an open that begins now may lose by it.
  void AdmitRot();
  bool FaultExplains(Doing doing, const Error& error, const FaultCounts& since);

  const std::uint64_t capacity_bytes_;
  FaultCounts forgotten_;
  std::uint64_t failed_syncs_ = 0;  // when the process began
  bool poisoned_ = false;
  bool faults_on_ = false;
  bool damage_visible_ = true;
  oracle::Judgement pending_;
  std::optional<std::uint64_t> last_kept_;
  bool loss_is_sure_ = false;
  bool loss_told_ = false;        // by the open of this process
  std::uint64_t operations_ = 0;  // of this process's clients, so far
  std::uint64_t next_pick_ = 0;
  std::uint64_t next_probe_ = std::uint64_t{1} << 40;
};

}  // namespace beach::sim::scenarios::engine_crash
