// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/site.h"
#include "env/virtual_os.h"

// Marks in production code that the simulator and the crash harness act on. Outside of them each
// costs a load and a branch never taken. Every site name is a unique string literal of the form
// "part.what_happens"; tools/sites.py lists them all.

namespace beach::env {

// Called at every failpoint of this (real) process when set; the crash harness kills there.
using FailpointHook = void (*)(Site site);
extern constinit std::atomic<FailpointHook> failpoint_hook;

inline bool Buggify(Site site) {
  return current_virtual_os != nullptr && current_virtual_os->Buggify(site);
}

inline void Sometimes(Site site, bool condition) {
  if (current_virtual_os != nullptr && condition) [[unlikely]]
    current_virtual_os->Sometimes(site);
}

inline void Failpoint(Site site) {
  if (current_virtual_os != nullptr) [[unlikely]]
    return current_virtual_os->Failpoint(site);
  if (const FailpointHook hook = failpoint_hook.load(std::memory_order_relaxed)) [[unlikely]] {
    hook(site);
  }
}

}  // namespace beach::env

// BEACH_BUGGIFY("wal.tiny_segment"): true when this simulated run wants the rare branch taken or
// the limit shrunk here; always false in production. A run draws per site whether it is active at
// all, then per use.
#define BEACH_BUGGIFY(site) (::beach::env::Buggify(site))

// BEACH_SOMETIMES("flush.while_writing", condition): a state that a sweep must reach. Reported with
// its count, zero included. `condition` must have no side effect.
#define BEACH_SOMETIMES(site, condition) (::beach::env::Sometimes(site, (condition)))

// BEACH_FAILPOINT("manifest.current_renamed"): a durable boundary, where the crash harness can kill
// the process. Above it stands `// FAILPOINT: name: what a crash here leaves`.
#define BEACH_FAILPOINT(site) (::beach::env::Failpoint(site))
