// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "env/files.h"
#include "sim/disk/disk.h"
#include "sim/ids.h"
#include "sim/seam_gate.h"

namespace beach::sim {

// What SubmitWrite gives, for a loop: it is not waited for but looked at when it is due.
class VirtualWrite : public env::LoopWrite {
 public:
  // When it completes, in true time; later, once Look has found that it was cut short.
  virtual std::uint64_t due_ns() const = 0;
  // Whether it is done: PendingWrite::Done.
  virtual bool Look() = 0;
  // REQUIRES: Look() was true.
  virtual Status outcome() const = 0;

 protected:
  ~VirtualWrite() = default;
};

// The file seam of one simulated process, bound to its host's disk. Every call passes the gate. The
// objects it makes live in the process's memory and hold numbers, not pointers into the simulation
// other than `disk` and `gate`, which outlive the process.
std::unique_ptr<env::FileSystem> NewVirtualFiles(Disk& disk, ProcessId process, SeamGate& gate);

}  // namespace beach::sim
