// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/kernel.h"
#include "sim/system_scope.h"

// What the network asks of the simulation around it. All of it happens when its time has come, on
// whichever thread runs then.

namespace beach::sim {

void Kernel::Advance(std::uint64_t now_ns) {
  const SystemScope system;
  network_.Advance(now_ns);
}

void Kernel::Wake(ProcessId id, const void* key) {
  const Process& process = ProcessOf(id);
  if (!process.end.has_value()) scheduler_.Unpark(&process, key, true);
}

void Kernel::Tell(Site what, std::uint64_t number) {
  scheduler_.Count(what.hash, number);
  scheduler_.Note("net", what.name, number);
}

}  // namespace beach::sim
