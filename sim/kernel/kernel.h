// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "env/virtual_os.h"
#include "sim/kernel/decision_maker.h"
#include "sim/kernel/follower.h"
#include "sim/kernel/process.h"
#include "sim/kernel/recorder.h"
#include "sim/kernel/scheduler.h"
#include "sim/network/virtual_network.h"
#include "sim/preempt/watcher.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/simulation.h"
#include "sim/spectator.h"

namespace beach::sim {

// Faults of hosts, as numbers of bits.
enum class HostFault : std::uint8_t {
  kClockStep,
  kClockFreeze,
  kPause,
  kStall,
  kMemory,
  kDescriptors,
};

// One run: the operating system of its processes, and the world of its scenario.
//   kernel.cc            the scenario's side: options, workload, time, verdict
//   kernel_processes.cc  hosts, processes, and how they die
//   host_faults.cc       clocks and processors of hosts, and what goes wrong with them
//   kernel_threads.cc    what threads ask of their OS
//   kernel_network.cc    what the network asks of it
//   kernel_seen.cc       what a spectator is shown
//   kernel_watch.cc      what instrumented code tells of its accesses: switches there, data races
class Kernel final : public Simulation,
                     public env::VirtualOs,
                     public preempt::Watcher,
                     private RunEnd,
                     private Device,
                     private NetworkSurroundings {
 public:
  Kernel(const Scenario& scenario, const RunOptions& options);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel() override;

  // Called once, on the OS thread's own stack, with no other simulation under way on it.
  RunReport Run();

  // Simulation.
  HostId AddHost(const std::string& name, const HostOptions& options) override;
  void SetCapacity(HostId host, std::uint64_t bytes) override;
  void HoldToMemory(HostId host, bool held) override;
  ProcessId Start(HostId host, const std::string& name,
                  std::function<void(const env::Env&)> main) override;
  ProcessEnd Wait(ProcessId process) override;
  void Kill(ProcessId process) override;
  void PowerLoss(HostId host) override;
  void ArmStrike(HostId host, Strike strike, std::uint64_t seam_calls) override;
  Disk& disk(HostId host) override;
  Links& links() override { return network_; }
  void SetEventSink(env::EventSink* sink) override;
  std::uint64_t Option(const std::string& name, std::uint64_t drawn) override;
  const std::vector<artifacts::Operation>& Workload(
      std::vector<artifacts::Operation> generated) override;
  RandomStream Stream(Site site) override;
  Decisions& decisions() override { return decisions_; }
  void SetFault(Site site, std::uint64_t per_million) override;
  std::uint64_t FaultCount(Site site) override { return decisions_.FaultCount(site); }
  std::uint64_t Now() override { return scheduler_.now(); }
  void SleepFor(std::uint64_t ns) override;
  void Trace(const char* kind, const std::string& text) override;
  bool Watched() const override { return options_.spectator != nullptr || options_.keep_shown; }
  void Show(const char* name, std::span<const env::EventField> fields,
            std::uint64_t ahead_ns) override;
  void CountOperation() override;
  [[noreturn]] void Fail(const std::string& rule, const std::string& message) override;

  // VirtualOs.
  void Step() override;
  bool Park(const void* key, std::uint64_t deadline_ns) override;
  void Unpark(const void* key, bool all) override;
  void Acquired(const void* key) override;
  void Released(const void* key) override;
  std::uint64_t SpawnThread(const char* name, void (*entry)(void*), void* argument) override;
  void JoinThread(std::uint64_t id) override;
  std::uint64_t ThreadId() override;
  bool Buggify(Site site) override;
  void Sometimes(Site site) override;
  void Failpoint(Site site) override;

  // Watcher.
  void BeforePlain(std::uintptr_t address, std::size_t size, bool write,
                   preempt::Place place) override;
  void BeforeAtomic() override;
  void AfterAtomic(std::uintptr_t address, std::size_t size, preempt::AtomicKind kind,
                   preempt::Order order, preempt::Place place) override;
  void Fence(preempt::Order order) override;
  void BeforeFree(preempt::Place place) override;

  // What a process's memory passes on.
  void BlockTaken(Process& process, const void* block, std::size_t size);
  void BlockReturned(Process& process, const void* block, std::size_t size);

  // What a process's seams pass on.
  void EnterSeam(Process& process, Site operation, std::uint64_t detail);
  void LeaveSeam(Process& process, Site operation);
  void WaitInSeam(std::uint64_t virtual_ns);
  void ShowCall(const SeenCall& call);
  void ShowReturn(Process& process, std::int64_t result, SeenChanges changes);
  // True time, after what may happen to the clock at a read; a look is neither event nor switch.
  std::uint64_t ReadClock(Process& process);
  std::uint64_t LookAtClock(Process& process);
  void SleepOnClock(const Process& process, std::uint64_t deadline_ns);
  void RecordEvent(Site event, std::span<const env::EventField> fields);
  bool RefusesDescriptor();
  void CountRefusal(memory::Refusal why);
  // From the terminate handler: ends the running process if it ran out of memory, and then does not
  // return.
  void EndIfOutOfMemory();

 private:
  static void RunHarness(void* kernel);
  static void RunProcess(void* process);
  [[noreturn]] static void OnTerminate();
  [[noreturn]] void End(const std::string& rule, std::string message) override;
  // Device: the network.
  void Advance(std::uint64_t now_ns) override;
  // NetworkSurroundings.
  void Wake(ProcessId process, const void* key) override;
  void Tell(Site what, std::uint64_t number) override;
  void ShowWay(const char* what, HostId from, HostId to) override;
  // Ends the run well, where the rule is one that it is without.
  [[noreturn]] void EndUnreported(const std::string& rule, std::string message);

  Host& HostOf(HostId id);
  Process& ProcessOf(ProcessId id);
  SimThread& AddThread(Process* process, const std::string& name, void (*entry)(void*),
                       void* argument);
  std::string FreeName(const Process* process, const std::string& wanted) const;
  [[noreturn]] void ExitProcess(Process& process);
  void KillProcess(Process& process, ProcessEnd how);
  void CutPower(Host& host);
  void CountSeamCall(Process& process, Site call, bool is_failpoint);
  void StrikeNow(Process& process, Site where);
  // Where the power may fail, at an I/O that changes the disk.
  void PassCrashPoint(Process& process, Site call);
  static bool Counts(const Host& host, Site call, bool is_failpoint);
  // Returns unless the running thread was among the killed.
  void LeaveIfDead();
  DiskOptions DrawDisk(const std::string& host, const HostOptions& options);
  // Its clock and processor.
  void DrawMachine(Host& host, const HostOptions& options);
  // What may happen in a seam call or clock read of a run with such faults.
  void SeamFaults(Process& process);
  void ClockFaults(Process& process);
  void PauseHost(Host& host, std::uint64_t for_ns);
  void MoveTimers(const Host& host);
  // What the process may have, and when its memory fails.
  void PlanMemory(Process& process);
  bool Armed(HostFault fault) const { return (armed_ >> static_cast<unsigned>(fault) & 1) != 0; }
  // A knob of the kernel's own. A recording from before there was one has `absent`, and so keeps
  // its hash.
  std::uint64_t Setting(const std::string& name, std::uint64_t drawn, std::uint64_t absent);
  // Takes up what the run is without (sim/groups.h); no part of the hash.
  void SwitchOff();
  void DrawSchedule();
  // In a preemption build.
  void WatchProcess(Process& process);
  void WatchThread(Process& process, SimThread& thread);
  void WatchJoin(Process& process, const SimThread& thread);
  void PassAccess(SimThread& me);
  bool IsWatched(const SimThread& me, std::uintptr_t address) const;
  void EndByRace(const Process& process, const preempt::Race& race);
  void DescribeEvent(CloseUpEvent& event);
  // Who runs, and when it is.
  Sight Look(SightKind kind);
  // What has changed on the disk of the host since the last time.
  void ShowFiles(Host& host);
  void ShowStrike(Site where);
  // That it has started, or ended.
  void ShowProcess(const Process& process);
  void ShowCut(const Host& host, const CutSummary& cut);
  RunReport Report();

  const Scenario& scenario_;
  const RunOptions& options_;
  Recorder recorder_;
  std::optional<CloseUp> close_up_;
  Follower follower_;
  Scheduler scheduler_;
  DecisionMaker decisions_;
  VirtualNetwork network_;

  std::vector<std::unique_ptr<Host>> hosts_;         // by id - 1
  std::vector<std::unique_ptr<Process>> processes_;  // by id - 1
  std::vector<SimThread*> harness_threads_;
  env::EventSink* sink_ = nullptr;

  std::terminate_handler former_terminate_ = nullptr;
  std::uint32_t armed_ = 0;  // the faults of hosts that have a rate, a bit each

  artifacts::Verdict verdict_;
  std::string unreported_;  // what a rule would have said that the run is without
  std::uint64_t operations_ = 0;
  std::map<std::string, std::uint64_t> expanded_options_;
  std::vector<artifacts::Operation> workload_;
  bool has_workload_ = false;
  bool passes_crash_points_ = false;
  // Between two switches at accesses lie up to so many accesses, as a power of two; 0: no switches.
  std::uint64_t preempt_octaves_ = 0;
  preempt::Place free_place_;
};

}  // namespace beach::sim
