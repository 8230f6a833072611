// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/artifact.h"

namespace beach::sim {

class CrashPointHook;
class Scenario;
class Spectator;
class Steering;

// How the next thread is picked (docs/simulation.md). kMixed: as the seed draws, random in three of
// four runs and PCT in the rest; what it drew is the option "schedule.policy" of the run. The
// values of the others are those of that option. kCalm: fewest switches, and every latency is the
// shortest and no write is met half-way.
enum class Policy : std::uint8_t {
  kRandom = 0,
  kPct = 1,
  kFewestSwitches = 2,
  kMixed = 3,
  kCalm = 4
};
const char* PolicyName(Policy policy);
std::optional<Policy> ParsePolicy(const std::string& name);

// Told of a run's parts as they come to be known, for a run that may not live to report them.
// Called with a SystemScope open.
class RunObserver {
 public:
  virtual void OnOption(const std::string& name, std::uint64_t value) = 0;
  virtual void OnWorkload(const std::vector<artifacts::Operation>& operations) = 0;
  // These three only with RunOptions::observe_steps.
  virtual void OnDecision(const artifacts::Decision& decision) = 0;
  virtual void OnEvent(const artifacts::TraceEvent& event) = 0;
  // Early ones, and later every 64 events.
  virtual void OnCheckpoint(const artifacts::Checkpoint& checkpoint) = 0;
  // Once, on a replay: the run has left its recording at `event`.
  virtual void OnDivergence(std::uint64_t event) = 0;

 protected:
  ~RunObserver() = default;
};

// A stretch of a run, both ends included. {0, 0}: nothing.
struct EventRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// One event as nothing but itself: what a rolling hash is made of.
struct CloseUpEvent {
  std::uint64_t event = 0;
  std::uint64_t virtual_ns = 0;
  std::string host;  // empty: the harness
  std::string thread;
  std::uint64_t site = 0;    // the hash of its name
  std::uint64_t number = 0;  // that came with it
  artifacts::RunHash hash;   // of the run, up to here
  // Return addresses of the thread's own frames, innermost first; of the last event alone.
  std::vector<std::uint64_t> stack;
  std::vector<std::string> frames;  // the same in words, where somebody has looked them up
};

struct RunOptions {
  std::uint64_t seed = 0;
  Policy policy = Policy::kMixed;
  // Set for a replay: its options, operations and decisions are followed. Faults strike and rare
  // branches are taken where it says so and nowhere else (a fault not where its rate is zero). A
  // choice that it does not name is drawn from its stream, as are the schedule, latencies, and
  // options that it lacks. Borrowed.
  const artifacts::Artifact* replay = nullptr;
  // Knobs set by hand; they win over those that the seed draws.
  std::map<std::string, std::uint64_t> options;
  RunObserver* observer = nullptr;  // borrowed; has no part in the hash
  bool observe_steps = false;
  Spectator* spectator = nullptr;          // borrowed; has no part in the hash
  CrashPointHook* crash_points = nullptr;  // borrowed
  Steering* steering = nullptr;            // borrowed; not with `replay`
  bool keep_trace = false;                 // all events in `trace`, not the last few only
  bool keep_shown = false;   // with all events, in `trace`: what Simulation::Show shows
  bool keep_images = false;  // the disks as they are in the end, in `images`
  // Moves every arena, hands blocks out in another order and fills them; must not change the hash.
  std::uint64_t address_salt = 0;
  EventRange close_up;  // these are told one by one in RunReport::close_up; no part in the hash
  std::uint64_t events_max = 20'000'000;  // beyond it: the "event limit" verdict
};

// The kind of the lines of `trace` that RunOptions::keep_shown adds.
inline constexpr char kShownKind[] = "shown";

struct RunReport {
  artifacts::Verdict verdict;
  artifacts::RunHash hash;
  std::vector<artifacts::Checkpoint> checkpoints;
  std::uint64_t virtual_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t operations = 0;
  std::map<std::string, std::uint64_t> faults;     // name to activations
  std::map<std::string, std::uint64_t> sometimes;  // site to hits; only those hit
  // Where armed strikes landed: a failpoint or a seam call, to how often; and under
  // "disk.write_in_flight", how many of them found a submitted write not yet complete.
  std::map<std::string, std::uint64_t> strikes;
  std::map<std::string, std::uint64_t> options;  // expanded
  std::vector<artifacts::Operation> workload;
  std::vector<artifacts::Decision> decisions;
  std::vector<artifacts::TraceEvent> trace;  // the last ones, or all
  std::vector<CloseUpEvent> close_up;
  // By host, as programs see them (sim/disk/image.h, encoded), damage left out.
  std::map<std::string, std::string> images;
  // On replay: how many decisions there were to follow, and how many were asked for again.
  std::uint64_t decisions_recorded = 0;
  std::uint64_t decisions_followed = 0;
  // On replay: the first event before the recorded verdict at which the run is known to have left
  // the recording: a checkpoint or one of the last events differs, a choice was not recorded, a
  // decision did not fit. With decisions or options that nobody asked for and nothing else, the
  // end.
  std::optional<std::uint64_t> diverged_at;
};

// One run in this process, on this thread. Failing oracles end up in the verdict; an abort or a
// fault of the code under test ends the process (sim/sweep contains it).
RunReport RunScenario(const Scenario& scenario, const RunOptions& options);

// The artifact of a run.
artifacts::Artifact MakeArtifact(const Scenario& scenario, const RunOptions& options,
                                 const RunReport& report);

}  // namespace beach::sim
