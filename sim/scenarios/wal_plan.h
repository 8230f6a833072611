// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/site.h"
#include "sim/disk/atlas.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

namespace beach::sim::scenarios::log_alone {

// How a life is to end. Values stand in artifacts.
enum class End : std::uint8_t { kClose = 0, kKill = 1, kPowerLoss = 2 };

struct EarlyStrike {
  Strike strike = Strike::kKill;
  std::uint64_t calls = 1;  // from the start of the process
};

struct LifePlan {
  End end = End::kClose;
  // An armed strike counts seam calls from the start of the process, or if late from where the
  // writers begin; one that has not struck when they are done is armed again for the close.
  bool strike_late = false;
  std::uint64_t strike_calls = 1;
  std::uint64_t strike_calls_in_close = 1;
  // Processes that die early, in or soon after recovery, before the life proper.
  std::vector<EarlyStrike> early;
  bool power_loss_after = false;  // the machine goes down between this life and the next
  bool calm_end = false;          // errors cease before the close: then the log must work again
  bool peek = false;              // its opens recover in every mode, and compare
  bool give_up = false;           // its opens end a log that is refused as damaged at the damage
};

// Every knob of a run. All are recorded as options of the run.
struct Plan {
  std::uint64_t writers = 1;
  std::uint64_t operations_per_writer = 1;  // and life
  std::vector<LifePlan> lives;
  std::uint64_t segment_size = 0;
  bool direct = true;
  std::uint64_t flights_max = 1;
  std::uint64_t recycled_max = 0;
  std::uint64_t manifest_size_max = 0;
  std::uint64_t segments_max = 1;  // a log of more is retired whole when it is opened
  std::uint64_t sync_percent = 50;
  std::uint64_t size_max = 64;  // of most payloads
  std::vector<FaultRate> faults;
  // Something of the log is damaged before so many lives, at most once; 0: never.
  std::uint64_t rot_before_life = 0;
  DiskFault rot = DiskFault::kBitRot;
};

Plan MakePlan(Simulation& simulation, HostId host);

}  // namespace beach::sim::scenarios::log_alone
