// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/error.h"
#include "sim/scenario.h"
#include "sim/spectator.h"
#include "sim/sweep/os_symbolize.h"
#include "sim/sweep/os_worker.h"
#include "sim/sweep/runner.h"
#include "sim/sweep/wire.h"

namespace beach::sim::sweep {

struct PoolOptions {
  std::size_t workers = 1;
  WorkerLimits limits;
  RunOptions run;  // seed and address_salt come from the job
  // Bring back workload, decisions and trace of runs without a failure too.
  bool full_reports = false;
  // Each decision and line of the trace is told when it is made: slow, for a run that will die.
  bool record_steps = false;
  // Shown every run, as it goes; borrowed. With one worker, one run at a time. Null: nobody looks.
  Spectator* spectator = nullptr;
  // Serves jobs that want a process of their own (OsWorker::Spawn), with these options; empty: such
  // a process is forked like the others.
  std::vector<std::string> fresh_command;
  // Borrowed: one that outlives the pool has looked up most stacks already. Null: the pool's own.
  OsSymbolizer* symbolizer = nullptr;
};

struct JobOutcome {
  Job job;
  RunReport report;  // of a crash: its verdict, options and workload, and the steps if recorded
  bool crashed = false;
  std::string stack;          // of a crash
  std::string error_text;     // the tail of what the run wrote to stderr
  std::uint64_t cpu_ns = 0;   // 0 of a crash
  std::uint64_t wall_ns = 0;  // as seen from here, a crash and its stack included
};

// Runs jobs in forked workers. A job that kills its worker is an outcome like any other: the jobs
// that waited behind it go to a new worker.
class WorkerPool {
 public:
  // Borrows scenarios and runner.
  WorkerPool(PoolOptions options, const std::vector<const Scenario*>& scenarios,
             const RunFunction& run);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Every worker is busy and has its next job waiting.
  bool Full() const;
  // No job is waiting or running.
  bool Idle() const;
  void Add(const Job& job);
  // Blocks until something has happened or the time is over. Fails when no worker can be made.
  Result<std::vector<JobOutcome>> Wait(std::uint64_t timeout_ms, int interrupt_descriptor = -1);

 private:
  struct Slot {
    std::unique_ptr<OsWorker> worker;
    std::deque<Job> sent;
    RunReport told;              // by the first of them, so far
    std::uint64_t since_ns = 0;  // when the first of them was sent, or the one before it answered
    bool finishing = false;      // takes no more jobs
  };

  Status Dispatch();
  Slot* SlotFor(const Job& job);
  Status StartWorker(Slot& slot, const Job& job);
  void Collect(Slot& slot, std::vector<JobOutcome>& outcomes);
  void AbsorbTold(ByteView bytes, RunReport& told) const;
  JobOutcome CrashOutcome(const Job& job, const WorkerDeath& death, RunReport told);

  const PoolOptions options_;
  const std::vector<const Scenario*>& scenarios_;
  const RunFunction& run_;
  std::vector<Slot> slots_;
  std::deque<Job> waiting_;
  OsSymbolizer symbolizer_;
};

}  // namespace beach::sim::sweep
