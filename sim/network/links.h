// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/ids.h"

namespace beach::sim {

// How the ways between hosts are. Each way has two directions that fail apart. The way of a host to
// itself is never cut, slow or far. A scenario holds this: what it does here are its own draws.
class Links {
 public:
  // Nothing that was sent or is sent arrives, until the way is whole again: then what the senders
  // still hold comes late. A sender that waits too long gives its connection up.
  virtual void Cut(HostId from, HostId to) = 0;
  virtual void Heal(HostId from, HostId to) = 0;
  virtual void HealAll() = 0;
  virtual bool IsCut(HostId from, HostId to) const = 0;
  // How long a piece is under way, at least and (but for one in 32) at most.
  virtual void SetLatency(HostId from, HostId to, std::uint64_t low_ns, std::uint64_t high_ns) = 0;
  // What all connections of that direction share; 0: no limit.
  virtual void SetBandwidth(HostId from, HostId to, std::uint64_t bytes_per_ms) = 0;

 protected:
  ~Links() = default;
};

}  // namespace beach::sim
