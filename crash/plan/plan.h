// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "base/error.h"
#include "env/os/failpoints.h"

// What one run of the harness does, all of it decided before it begins: the lives of a worker
// process on one directory, each with its operations and the way it ends.

namespace beach::crash {

enum class Ending : std::uint8_t {
  kClose,      // closes the database and exits
  kKill,       // is killed when all its operations are answered
  kKillAfter,  // is killed when the step of one of them is answered
  kKillAt,     // is killed so many milliseconds after its operations have begun
};

struct Life {
  std::vector<artifacts::Operation> operations;
  std::vector<env::ArmedFailpoint> armed;  // which may end it sooner
  Ending ending = Ending::kKill;
  std::uint64_t ending_at = 0;  // the operation's id, or the milliseconds
  // Where power can be lost: right before the disk's so-many-th operation that changes or syncs
  // something, from the life's beginning; 0: it is lost with the process.
  std::uint64_t power_lost_at = 0;
};

struct Plan {
  std::uint64_t seed = 0;
  // Knobs of the run, and options of the database under their own names.
  std::map<std::string, std::uint64_t> options;
  std::vector<Life> lives;
};

// What the user asks for.
struct PlanRequest {
  std::uint64_t seed = 1;
  std::uint64_t cycles = 10;  // lives with operations
  std::uint64_t operations = 60;
  std::uint64_t clients = 0;                    // that work at once, at most; 0: drawn
  std::vector<env::ArmedFailpoint> armed = {};  // in each of these lives; empty: drawn
  bool timed = false;                           // killed by the clock alone
  bool power = false;                           // each life ends with a loss of power
};

// A function of the request alone.
Plan MakePlan(const PlanRequest& request);

// The steps of a life: operations of several clients that go on at once; the next begins when all
// are answered. Half-open ranges of indexes. A step ends before an operation whose client is not
// above that of the one before it.
struct Step {
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::vector<Step> StepsOf(const std::vector<artifacts::Operation>& operations);

// The plan as operations, options and decisions of an artifact, and back.
//   decision                                what it says of life n (the first is 1)
//   a failpoint's name, use, value 1        armed at its use-th passage
//   crash.kill, value                       killed after that operation; 0: after all
//   crash.kill_ms, value                    killed after so many milliseconds
//   crash.power_at, value                   power is lost right before that operation of the disk
//   crash.close                             closed
void PutPlan(const Plan& plan, artifacts::Artifact& artifact);
// kCorruption: no plan stands in it.
Result<Plan> TakePlan(const artifacts::Artifact& artifact);

inline constexpr const char* kScenarioName = "crash";
// Knobs that are no options of the database.
inline constexpr const char* kClientsKnob = "clients";
inline constexpr const char* kSettleKnob = "settle";  // 1: at rest before each next step
inline constexpr const char* kPowerKnob = "power";    // 1: on a disk that loses power

}  // namespace beach::crash
