// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/site.h"
#include "engine/options.h"
#include "sim/disk/atlas.h"
#include "sim/scenarios/engine_crash_beyond.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

namespace beach::sim::scenarios::engine_crash {

// How a life is to end. Values stand in artifacts.
enum class End : std::uint8_t { kClose = 0, kKill = 1, kPowerLoss = 2 };

struct EarlyStrike {
  Strike strike = Strike::kKill;
  std::uint64_t calls = 1;  // from the start of the process
};

// The disk of a life is full for so many operations of its clients; 0: never.
struct SpacePlan {
  std::uint64_t full_from = 0;
  std::uint64_t full_for = 0;
  std::uint64_t bytes_left = 0;  // or nearly so
};

struct LifePlan {
  End end = End::kClose;
  // An armed strike counts seam calls from the start of the process, or if late from where the
  // clients begin; one that has not struck when they are done is armed again for the close.
  // REQUIRES both at least 1.
  bool strike_late = false;
  std::uint64_t strike_calls = 1;
  std::uint64_t strike_calls_in_close = 1;
  // Processes that die early, in or soon after recovery, before the life proper.
  std::vector<EarlyStrike> early;
  bool power_loss_after = false;  // the machine goes down between this life and the next
  bool verify_first = false;      // what the crash left is verified before it is opened
  SpacePlan space;
  bool absolute = false;  // opened first in the mode that takes no torn end
  // Beside the clients somebody looks at the visible sequence number this often. 0: nobody does.
  std::uint64_t watch_ns = 0;
  bool calm_end = false;  // errors cease before the close: then the database must work again
};

// What is done about a database that is refused because it is damaged. Values stand in artifacts.
enum class Remedy : std::uint8_t { kNone = 0, kPointInTime = 1, kRepair = 2 };

// What may go wrong besides crashes.
enum class Weather : std::uint8_t {
  kErrors,      // of the calls to the disk
  kEverything,  // that is in contract: of disk, clocks and host, and one place that rots at rest
};

// What the clients are mostly about.
enum class Focus : std::uint8_t {
  kWrites,      // the log: nothing is compacted, in all weather in most runs
  kReaders,     // few keys with many versions, that snapshots and iterators hold on to
  kCompaction,  // tiny memtables, tables and levels: most of the work is done by compaction
};

// Where the place that rots is looked for. Values stand in artifacts.
enum class RotAim : std::uint8_t { kAnywhere = 0, kTables = 1, kNewestFlights = 2 };

// Every knob of a run. All are recorded as options of the run.
struct Plan {
  Weather weather = Weather::kErrors;
  Focus focus = Focus::kWrites;
  engine::Options options;
  // Clients write keys of a window of so many that moves on as they go; 0: of all keys at once.
  std::uint64_t key_window = 0;
  std::uint64_t clients = 1;
  std::uint64_t keys = 8;
  std::uint64_t operations_per_client = 1;  // and life
  std::vector<LifePlan> lives;
  bool open_before_last_cut = false;
  bool reopen_at_end = false;  // once more, after the clean close at the end
  std::vector<FaultRate> faults;
  // Per million calls, while an open, a flush or a compaction is under way, which make few calls;
  // 0: as always.
  std::uint64_t read_errors_in_open = 0;
  std::uint64_t no_space_in_flush = 0;
  std::uint64_t read_errors_in_compaction = 0;
  // Something at rest is damaged before so many lives, at most once; 0: never.
  std::uint64_t rot_before_life = 0;
  DiskFault rot = DiskFault::kBitRot;
  RotAim rot_aim = RotAim::kAnywhere;
  Remedy remedy = Remedy::kNone;
  std::uint64_t strike_calls_in_repair = 0;  // 0: none
  BeyondPlan beyond;
};

// `beyond`: what DrawBeyond has said.
Plan MakePlan(Simulation& simulation, HostId host, Weather weather, bool beyond = false,
              Focus focus = Focus::kWrites);

}  // namespace beach::sim::scenarios::engine_crash
