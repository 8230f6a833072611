// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "env/env.h"
#include "sim/disk/disk.h"
#include "sim/ids.h"
#include "sim/kernel/host_clock.h"
#include "sim/kernel/sim_thread.h"
#include "sim/preempt/race_detector.h"
#include "sim/seam_gate.h"
#include "sim/simulation.h"

namespace beach::sim {

class Kernel;

// What the calls are that an armed strike counts.
enum class StrikeAt : std::uint8_t {
  kAnyCall,
  kMutatingCall,   // of the seam, that changes the disk
  kFailpoint,      // a named one
  kWriteInFlight,  // whatever is called while a submitted write is not complete
  kSyncInFlight,
  kFewNames,    // failpoints and calls that change the disk, but of a few drawn names alone
  kTakingAway,  // removals, renames, truncations: what is gone must not be needed any more
};

struct Host {
  HostId id;
  std::string name;
  std::unique_ptr<Disk> disk;
  HostClock clock;
  std::uint64_t paused_until_ns = 0;  // none of its threads runs before
  std::uint64_t step_cost_ns = 0;
  std::uint64_t lives = 0;             // processes started
  std::uint64_t memory_max_bytes = 0;  // of each process; 0: no limit
  bool held_to_memory = true;

  // While somebody watches the run: its files as they were shown last, by id.
  bool watched = false;
  std::map<FileId, FileState> files_shown;

  // An armed strike: after this many more calls of that kind, or when that thread leaves its call.
  Strike strike = Strike::kKill;
  StrikeAt strike_at = StrikeAt::kAnyCall;
  std::uint64_t strike_calls = 0;
  std::uint64_t strike_names = 0;  // kFewNames: which
  std::uint64_t strike_thread = 0;
  std::uint64_t strike_in_flight =
      0;                            // or when a write or sync is in flight, after as many at most
  std::uint64_t strikes_armed = 0;  // so far
};

// A simulated process, and the seams that it sees: its gate, its clock and its event stream. The
// object belongs to the simulation and outlives the process.
class Process final : public SeamGate,
                      public env::Clock,
                      public env::EventSink,
                      public memory::RefusalListener,
                      public memory::BlockListener {
 public:
  Process(Kernel& kernel_of_it, Host& host_of_it, ProcessId id_of_it, std::string name_of_it)
      : kernel(kernel_of_it),
        host(host_of_it),
        id(id_of_it),
        life(++host_of_it.lives),
        name(std::move(name_of_it)) {
    watched_ = host.watched;
  }

  void Enter(Site operation, std::uint64_t detail) override;
  void WaitUntil(std::uint64_t virtual_ns) override;
  void Leave(Site operation) override;
  std::uint64_t Now() override;
  std::uint64_t MonotonicTime() override;
  bool RefusesDescriptor() override;
  void ShowBegan(const SeenCall& call) override;
  void ShowDone(std::int64_t result, SeenChanges changes) override;

  std::uint64_t MonotonicNow() override;
  std::uint64_t WallNow() override;
  void SleepUntil(std::uint64_t deadline_ns) override;

  void Record(Site event, std::span<const env::EventField> fields) override;

  void OnRefusal(memory::Refusal why) override;
  void OnTake(const void* block, std::size_t size) override;
  void OnReturn(const void* block, std::size_t size) override;

  Kernel& kernel;
  Host& host;
  const ProcessId id;
  const std::uint64_t life;  // which process of its host it is, from 1
  const std::string name;
  memory::Owner* memory = nullptr;
  std::uint64_t memory_fails_in = 0;                     // seam calls; 0: it does not
  std::function<void(const env::Env&)>* main = nullptr;  // in its memory
  std::vector<SimThread*> threads;                       // all with a record
  std::optional<ProcessEnd> end;                         // none: it runs
  // In a preemption build, while it runs.
  std::unique_ptr<preempt::RaceDetector> races;
  std::vector<std::string> watched_names;  // of all threads that it had, by SimThread::watched
};

}  // namespace beach::sim
