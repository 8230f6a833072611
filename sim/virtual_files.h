// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "env/files.h"
#include "sim/disk/disk.h"
#include "sim/ids.h"
#include "sim/seam_gate.h"

namespace beach::sim {

// The file seam of one simulated process, bound to its host's disk. Every call passes the gate. The
// objects it makes live in the process's memory and hold numbers, not pointers into the simulation
// other than `disk` and `gate`, which outlive the process.
std::unique_ptr<env::FileSystem> NewVirtualFiles(Disk& disk, ProcessId process, SeamGate& gate);

}  // namespace beach::sim
