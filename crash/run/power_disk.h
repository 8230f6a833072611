// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "sim/disk/disk.h"

namespace beach::crash {

// The simulator's disk, mounted by this process, so that workers live on it and lose power
// (crash/power/). Between a cut and PowerOn nobody may touch it, this process included.
class PowerDisk {
 public:
  // On a directory that is made where it is not there. `seed`: what cuts keep. Errors: kNotFound
  // (no /dev/fuse), kIo.
  static Result<std::unique_ptr<PowerDisk>> Mount(const std::string& directory, std::uint64_t seed);
  virtual ~PowerDisk() = default;  // unmounts; all is gone

  // Readable once power is lost, until PowerOn.
  virtual int lost() const = 0;
  // Power is lost right before the `operation`-th call from now that changes or syncs something.
  virtual Status CutAt(std::uint64_t operation) = 0;
  // Now, unless it is lost already. What the cut took.
  virtual Result<sim::CutSummary> Cut() = 0;
  virtual Status PowerOn() = 0;
};

}  // namespace beach::crash
