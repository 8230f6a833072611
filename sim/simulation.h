// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "base/random.h"
#include "base/site.h"
#include "env/env.h"
#include "env/events.h"
#include "sim/decisions.h"
#include "sim/ids.h"
#include "sim/run.h"

namespace beach::sim {

class Disk;
class Links;

enum class Strike : std::uint8_t { kKill, kPowerLoss };
// What the run may draw for a machine; what it drew is recorded as options of the run.
struct HostOptions {
  // In a quarter of the runs the disk has no more than this, and no less than the smaller one; else
  // there is plenty. 0: always plenty.
  std::uint64_t small_disk_max_bytes = 0;
  std::uint64_t small_disk_min_bytes = 0;
  // In half of the runs its clocks run too fast or too slow, by up to so many parts per million. At
  // most 900,000.
  std::uint64_t clock_drift_max_ppm = 0;
  // In a quarter of the runs its processor is slower by a factor of up to this.
  std::uint64_t slow_cpu_max = 1;
  // In a quarter of the runs none of its processes may have more live memory than this, and no less
  // than the smaller one. 0: never.
  std::uint64_t small_memory_max_bytes = 0;
  std::uint64_t small_memory_min_bytes = 0;
  // "host.NAME.fsync_profile" is drawn: a FsyncProfile of sim/disk/disk.h. Else it is 0.
  bool draw_fsync_profile = false;
  // "host.NAME.disk_speed" is drawn: percent of the usual latencies, 1 to 4000; above 100, reads
  // take time too. Else it is 100.
  bool draw_disk_speed = false;
  std::uint64_t disk_speed_max = 4000;  // drawn
};

// kOutOfMemory: an allocation failed and nobody caught it; for the rest like a kill.
enum class ProcessEnd : std::uint8_t { kExited, kKilled, kPowerLost, kOutOfMemory };

// One run's virtual world, as its scenario sees it. The scenario's Run is a simulated thread too,
// of the harness: no host, never killed, with the simulation's own memory; it may use env/threads.h
// and the blocking calls here. Code inside a process (what Start was given, and all it calls) runs
// in that process's memory, and opens a SystemScope around whatever it does to the scenario's
// objects.
class Simulation {
 public:
  virtual ~Simulation() = default;

  // A machine with an empty disk. Drawn, and to be set by hand, are the options of the run
  // "host.NAME.capacity" (bytes), "host.NAME.direct" (0: the file system refuses direct I/O),
  // "host.NAME.torn_percent" (of the sectors at the edge of what a power cut keeps: torn),
  // "host.NAME.clock_offset" (nanoseconds by which the monotonic clock is ahead of true time),
  // "host.NAME.clock_rate_ppm" (a million: the clocks do not drift), "host.NAME.slow_cpu" (what
  // a seam call or step costs is multiplied by it) and "host.NAME.memory_max" (bytes that a process
  // may have; 0: no limit); and what `options` asks for.
  virtual HostId AddHost(const std::string& name, const HostOptions& options = {}) = 0;
  // The size of its disk from now on. Takes space away, or gives it back in mid-life.
  virtual void SetCapacity(HostId host, std::uint64_t bytes) = 0;
  // Whether processes started from now on are held to "host.NAME.memory_max". They are at first.
  virtual void HoldToMemory(HostId host, bool held) = 0;

  // Starts a process whose first thread runs main; it has exited when `main` has returned, and is
  // then expected to have joined its threads. `main` is destroyed with the process's memory: it
  // captures references and plain values only.
  virtual ProcessId Start(HostId host, const std::string& name,
                          std::function<void(const env::Env&)> main) = 0;
  // Blocks the harness until the process is gone.
  virtual ProcessEnd Wait(ProcessId process) = 0;

  // kill -9: its threads never run again, no destructor runs, the page cache stays.
  virtual void Kill(ProcessId process) = 0;
  // Kills all processes of the host, and keeps a legal cut of what its disk had not synced.
  virtual void PowerLoss(HostId host) = 0;
  // Strikes by itself at one of the seam calls that the host's processes make from now on. Which
  // kind of calls is counted is drawn, as a choice of the machine: in a quarter of the cases all of
  // them, so that the n-th (from 1) is struck, at its beginning or end, by a power loss also a few
  // calls later when a write or sync is in flight; else those that change the disk (the n/4+1st),
  // passages of named failpoints (the n/8+1st or n/3+1st), calls while a submitted write is not
  // complete, syncs in flight (the n/8+1st), or what takes something away (the n/256+1st). When the
  // processes make fewer of those, nothing strikes, and it stays armed. Replaces what was armed; 0
  // calls disarms. A struck process is restarted by nobody but the scenario.
  virtual void ArmStrike(HostId host, Strike strike, std::uint64_t seam_calls) = 0;

  virtual Disk& disk(HostId host) = 0;
  // The ways between hosts (sim/network/links.h).
  virtual Links& links() = 0;
  // The sink that Start hands to processes as Env::events; by default events go to the trace only.
  // Called with a SystemScope open. Set before Start.
  virtual void SetEventSink(env::EventSink* sink) = 0;

  // A knob of this run: `drawn` unless the artifact or the user sets it. Recorded. Once per name.
  virtual std::uint64_t Option(const std::string& name, std::uint64_t drawn) = 0;
  // The workload is data: generated from the seed, then passed through here, which records it; on a
  // replay the recorded one comes back instead. The result lives as long as the simulation.
  virtual const std::vector<artifacts::Operation>& Workload(
      std::vector<artifacts::Operation> generated) = 0;
  // A stream of its own, for generating workloads; equal for equal seeds whatever else happens.
  virtual RandomStream Stream(Site site) = 0;
  virtual Decisions& decisions() = 0;
  // Per million, how often the fault at `site` strikes in this run. Unset faults never strike.
  // Those of hosts are in docs/simulation.md ("What goes wrong with a machine").
  virtual void SetFault(Site site, std::uint64_t per_million) = 0;
  // How often a fault has struck so far: drawn ones by their site, and "disk.full" (refused for
  // want of room), "disk.torn_sector", "crash.kill", "crash.power_loss".
  virtual std::uint64_t FaultCount(Site site) = 0;

  // True virtual time since the run began.
  virtual std::uint64_t Now() = 0;
  virtual void SleepFor(std::uint64_t ns) = 0;

  // A line of the trace; part of the hash.
  virtual void Trace(const char* kind, const std::string& text) = 0;
  // Whether anybody looks at what Show shows. Whoever asks must do the same either way.
  virtual bool Watched() const = 0;
  // Shows it to who watches the run, and writes it into its trace where all of that is kept
  // (docs/simulation.md has the names and fields): no event, no draw, no time, no part of the hash.
  // `ahead_ns`: by how much the scenario's own time is ahead of Now.
  virtual void Show(const char* name, std::span<const env::EventField> fields,
                    std::uint64_t ahead_ns) = 0;
  virtual void CountOperation() = 0;
  // Ends the run: `rule` is the oracle's rule, without values; `message` one sentence with them.
  [[noreturn]] virtual void Fail(const std::string& rule, const std::string& message) = 0;
};

}  // namespace beach::sim
