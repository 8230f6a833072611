// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/site.h"

namespace beach::sim {

// A call of the file seam, for whoever watches the run.
struct SeenCall {
  const char* name;  // a literal: "write"
  std::string_view path;
  std::string_view other_path = {};  // of a rename or link: the new one
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Whether the disk may be another after the call.
enum class SeenChanges : bool { kNo, kYes };

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
  // What the host's monotonic clock shows. Neither an event nor a switch, and no time passes; but
  // what may happen to a clock at a read may happen.
  virtual std::uint64_t MonotonicTime() = 0;
  // Whether the process is out of descriptors, asked by calls that need one.
  virtual bool RefusesDescriptor() { return false; }

  // For whoever watches: before Enter, and after the effect and before Leave. `result`: 0, a count,
  // or -errno; of an append, where it began. They make no event, take no time and never switch.
  void Began(const SeenCall& call) {
    if (watched_) [[unlikely]]
      ShowBegan(call);
  }
  void Done(std::int64_t result, SeenChanges changes = SeenChanges::kYes) {
    if (watched_) [[unlikely]]
      ShowDone(result, changes);
  }

 protected:
  ~SeamGate() = default;
  virtual void ShowBegan(const SeenCall& /*call*/) {}
  virtual void ShowDone(std::int64_t /*result*/, SeenChanges /*changes*/) {}

  bool watched_ = false;
};

}  // namespace beach::sim
