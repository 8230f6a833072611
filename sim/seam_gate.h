// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/site.h"

namespace beach::sim {

// What every virtual seam call passes on its way. Called by the thread that makes the call, with no
// SystemScope open, since it may switch threads, and may never return when the process is killed.
class SeamGate {
 public:
  // Before the effect: the call costs virtual time, is an event, is a possible switch, and a place
  // where an armed kill or power loss strikes. `detail` is a number worth tracing (an offset).
  virtual void Enter(Site operation, std::uint64_t detail) = 0;
  // Blocks the calling thread until the virtual time (monotonic true time) has come.
  virtual void WaitUntil(std::uint64_t virtual_ns) = 0;
  // After the effect and before the return: another place for an armed strike; no time passes.
  virtual void Leave(Site operation) = 0;
  // True virtual time.
  virtual std::uint64_t Now() = 0;
  // Whether the process is out of descriptors, asked by calls that need one.
  virtual bool RefusesDescriptor() { return false; }

 protected:
  ~SeamGate() = default;
};

}  // namespace beach::sim
