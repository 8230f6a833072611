// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/error.h"
#include "base/site.h"
#include "env/virtual_os.h"

// Marks in production code that the simulator and the crash harness act on. Outside of them each
// costs a load and a branch never taken. Every site name is a unique string literal of the form
// "part.what_happens", that of a failpoint "part_after_what"; tools/sites.py lists them all.

namespace beach::env {

enum class FailpointKind : std::uint8_t {
  kCrash,  // a moment at which the process may die
  kFault,  // a call that may fail
};

// Called at every failpoint of this (real) process when set, by any of its threads: it may end the
// process there. True: the call that a fault point stands before is to fail.
using FailpointHook = bool (*)(Site site, FailpointKind kind);
extern constinit std::atomic<FailpointHook> failpoint_hook;

// The error of a fault point that is to fail: kIo, naming it.
Status InjectedFault(Site site);

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
    hook(site, FailpointKind::kCrash);
  }
}

inline Status Faultpoint(Site site) {
  const FailpointHook hook = failpoint_hook.load(std::memory_order_relaxed);
  if (hook == nullptr || current_virtual_os != nullptr) [[likely]]
    return {};
  return hook(site, FailpointKind::kFault) ? InjectedFault(site) : Status();
}

}  // namespace beach::env

// BEACH_BUGGIFY("wal.tiny_segment"): true when this simulated run wants the rare branch taken or
// the limit shrunk here; always false in production. A run draws per site whether it is active at
// all, then per use.
#define BEACH_BUGGIFY(site) (::beach::env::Buggify(site))

// BEACH_SOMETIMES("flush.while_writing", condition): a state that a sweep must reach. Reported with
// its count, zero included. `condition` must have no side effect.
#define BEACH_SOMETIMES(site, condition) (::beach::env::Sometimes(site, (condition)))

// BEACH_FAILPOINT("manifest_after_sync"): a durable boundary, where the crash harness can kill the
// process. Above it stands `// FAILPOINT: name: what a crash here leaves`.
#define BEACH_FAILPOINT(site) (::beach::env::Failpoint(site))

// BEACH_FAULTPOINT("wal_sync_error"): a Status, an error where the crash harness wants the call
// that comes next to fail; that is not made then. Above it stands `// FAILPOINT: name: what fails`.
// Fine in a simulation, whose disk has faults of its own.
#define BEACH_FAULTPOINT(site) (::beach::env::Faultpoint(site))
