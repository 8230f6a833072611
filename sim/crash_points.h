// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/site.h"

namespace beach::sim {

class Disk;

// The fault that is a power loss at one I/O, asked for at each of them when the run has a
// CrashPointHook, or replays an artifact that names it. A scenario whose process was struck by it
// goes straight to its last checks: what would have come later does not matter to them.
inline constexpr Site kCrashPoint = "crash.point";

// Which legal cut the disk keeps: values of the choices "disk.cut.mode" and "disk.cut.detail".
struct PowerCut {
  std::uint64_t mode = 0;
  std::uint64_t detail = 0;
};
inline constexpr std::uint64_t kCutAll = 0;
inline constexpr std::uint64_t kCutNone = 1;
inline constexpr std::uint64_t kCutChosen =
    8;  // bit i of the detail: the i-th pending operation is lost
inline constexpr std::uint64_t kCutModes = 9;

// Stands at every I/O of a run, where the power might fail.
class CrashPointHook {
 public:
  // A process is about to change the disk of its host, or has a write or sync in flight. A cut: the
  // power of that host fails here. Called with a SystemScope open, in the run's own OS process,
  // which it may fork.
  virtual std::optional<PowerCut> At(Site call, Disk& disk, std::uint64_t event) = 0;

 protected:
  ~CrashPointHook() = default;
};

}  // namespace beach::sim
