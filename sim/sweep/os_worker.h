// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "sim/sweep/os_crash.h"

struct pollfd;

namespace beach::sim::sweep {

struct WorkerLimits {
  std::uint64_t cpu_ms = 20'000;                     // processor time of one request
  std::uint64_t memory_growth_bytes = 256ULL << 20;  // resident; beyond it the worker retires
};

// How a worker ended.
struct WorkerDeath {
  int signal = 0;       // that killed it, or 0
  int exit_status = 0;  // when no signal did
  bool silent = false;  // killed by us, after a long silence
  std::vector<CrashRecord> records;
  std::string error_text;  // the tail of what it wrote to stderr during its last request
};

// A process that answers requests one at a time, in order. A forked one has everything that its
// parent had in memory when it was forked. Not thread-safe; the parent must have one thread only.
class OsWorker {
 public:
  // Runs in the child: one request to its answer. What it tells meanwhile arrives before the
  // answer, and also when there is none because the child died.
  using Tell = std::function<void(ByteView progress)>;
  using Serve = std::function<Bytes(ByteView request, const Tell& tell)>;

  struct Answer {
    Bytes bytes;
    bool progress = false;  // what the oldest unanswered request told; the fields below are unset
    std::uint64_t cpu_ns = 0;
    bool retired = false;    // the worker has grown too large and serves no more
    std::string error_text;  // what the request wrote to stderr (its tail)
  };

  // `siblings` are the parent's other workers, whose pipes the child must not keep open.
  static Result<std::unique_ptr<OsWorker>> Fork(const Serve& serve, const WorkerLimits& limits,
                                                const std::vector<const OsWorker*>& siblings);
  // A program of its own instead, which has nothing of this one but its arguments and an
  // environment that depends on `salt`; the OS puts its code, heap and stack elsewhere. It is told
  // the descriptors of its two ends ("--channel N --crash-pipe M") and calls ServeOn.
  static Result<std::unique_ptr<OsWorker>> Spawn(const std::vector<std::string>& command,
                                                 std::uint64_t salt, const WorkerLimits& limits,
                                                 const std::vector<const OsWorker*>& siblings);
  // The life of a worker, until there are no more requests.
  [[noreturn]] static void ServeOn(const Serve& serve, const WorkerLimits& limits, int channel,
                                   int crash_pipe);
  // Kills it if it still runs.
  ~OsWorker();
  OsWorker(const OsWorker&) = delete;
  OsWorker& operator=(const OsWorker&) = delete;

  // Sends a small request. May be called with few of them unanswered. A dead worker ignores it.
  void Send(ByteView request);
  // No more requests: it exits when all are answered.
  void Finish();

  // The descriptors to wait on.
  void AppendPolls(std::vector<pollfd>& polls) const;
  // Takes in what has come. Never blocks for long.
  void Pump(std::vector<Answer>& answers);
  // Its process has ended and all it said was taken in.
  bool gone() const { return gone_; }
  // REQUIRES: gone().
  const WorkerDeath& death() const;

  std::uint64_t unanswered() const { return unanswered_; }

 private:
  OsWorker() = default;
  // `child` gets the worker's ends of channel and crash pipe, and does not return.
  static Result<std::unique_ptr<OsWorker>> Start(const WorkerLimits& limits,
                                                 const std::vector<const OsWorker*>& siblings,
                                                 const std::function<void(int, int)>& child);
  void PumpErrors();
  void PumpCrashes();
  bool PumpAnswers(std::vector<Answer>& answers);
  void WatchPatience();
  void CloseAll();

  WorkerLimits limits_;
  pid_t process_ = -1;
  int channel_ = -1;  // requests and answers
  int error_pipe_ = -1;
  int crash_pipe_ = -1;
  std::uint64_t unanswered_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t serving_since_ns_ = 0;
  std::uint64_t patience_signals_ = 0;
  Bytes incoming_;
  WorkerDeath death_;
  bool gone_ = false;
};

// Waits until one of `workers` has something to say, or an interrupt (SIGINT, SIGTERM) came, or the
// time is over.
void WaitForWorkers(const std::vector<const OsWorker*>& workers, int interrupt_descriptor,
                    std::uint64_t timeout_ms);

// While it lives, Ctrl-C and SIGTERM do not kill this process, they make requested() true.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool Requested();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  bool requested_ = false;
};

// Moves what later allocations of this process get, so that nothing may depend on addresses.
void ShiftHeap(std::uint64_t salt);

std::uint64_t OsMonotonicNs();
std::uint64_t OsWallMs();
unsigned OsProcessorCount();

}  // namespace beach::sim::sweep
