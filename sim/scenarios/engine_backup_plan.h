// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "artifacts/artifact.h"
#include "base/bytes.h"
#include "base/random.h"
#include "engine/options.h"
#include "sim/disk/disk.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

namespace beach::sim::scenarios::copies {

// How a life is to end. Values stand in artifacts.
enum class End : std::uint8_t { kClose = 0, kKill = 1, kPowerLoss = 2 };

struct LifePlan {
  End end = End::kClose;
  // The strike is armed where the clients begin, or when the n-th copy of the life is begun; 0: the
  // former. It strikes so many seam calls later.
  std::uint64_t strike_at_copy = 0;
  std::uint64_t strike_calls = 1;
  bool power_loss_after = false;
  bool judge_after = false;                 // all copies are looked at
  bool read_after = false;                  // it is opened to be read
  std::uint64_t strike_calls_in_judge = 0;  // 0: none
};

// A follower of the log, of all lives.
struct FollowerPlan {
  std::uint64_t wait_ns = 1;     // for the next batch
  std::uint64_t pause_ns = 0;    // after each
  std::uint64_t drop_every = 1;  // batches: then it takes a new cursor
  std::uint64_t pin_every = 1;   // batches: then it pins the files of that moment
  bool installs = false;         // what it pins, and keeps up with the log
};

// Every knob of a run. All are recorded as options of the run.
struct Plan {
  engine::Options options;
  std::uint64_t clients = 1;
  std::uint64_t keys = 8;
  std::uint64_t operations_per_client = 1;  // and life
  std::uint64_t sync_percent = 50;
  std::uint64_t size_max = 100;
  bool expires = false;  // some values, by a time that some writes advance
  std::vector<LifePlan> lives;
  std::vector<FollowerPlan> followers;
  bool keeps_all = false;  // of the log
  bool rots = false;       // at the end, one place of the backups
  DiskFault rot = DiskFault::kBitRot;
  std::vector<FaultRate> faults;
};

Plan MakePlan(Simulation& simulation);

// What the clients do, as data:
//   kind        arguments
//   write       sync|nosync, then any of: key, size of the value's filler / key, "-" to delete /
//               key, size "@" when it expires / "", "@" to what the time is advanced
//   flush
//   compact
//   checkpoint  slot: a directory, of which there are a few
//   backup      how many to keep; 0: all
//   restore     slot: the newest backup becomes a database there
//   peek        slot: opens what is there, if it is whole, beside the database
//   pause       nanoseconds
// The id of an operation is that of its batch.
enum class CommandKind : std::uint8_t {
  kWrite,
  kFlush,
  kCompact,
  kCheckpoint,
  kBackup,
  kRestore,
  kPeek,
  kPause
};

inline constexpr std::uint64_t kSlots = 3;

struct Change {
  Bytes key;
  std::optional<Bytes> value;                    // nothing: a delete
  std::optional<std::uint64_t> expires_at = {};  // of the value
  std::optional<std::uint64_t> time = {};        // instead of all that: it is no less now
};

struct Command {
  CommandKind kind = CommandKind::kFlush;
  std::uint64_t id = 0;
  bool sync = false;
  std::vector<Change> changes;
  std::uint64_t number = 0;  // slot, how many to keep, or nanoseconds
};

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream);
// Nothing where the operation is not as said above.
std::optional<Command> ParseOperation(const artifacts::Operation& operation);

}  // namespace beach::sim::scenarios::copies
