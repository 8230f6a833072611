// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "crash/power/posix_disk.h"

namespace beach::crash {

// A disk that is mounted as a file system of this Linux. Destroying it unmounts, lazily where
// something is open still. One at a time in a process, for the owner's thread.
class FuseMount {
 public:
  // Mounts at an existing directory, and serves the kernel with threads of its own. `on_end` is
  // called, by one of them, when somebody else has unmounted it. Neither is owned. kNotFound,
  // kRefused: there is no such directory, or it is not empty, or has a dead mount on it;
  // kUnsupported: this machine lets nobody mount (no /dev/fuse); kIo: the kernel refused.
  static Result<std::unique_ptr<FuseMount>> Open(PosixDisk& disk, const std::string& directory,
                                                 std::function<void()> on_end);
  // REQUIRES: nothing waits for power (Machine::End).
  ~FuseMount();
  FuseMount(const FuseMount&) = delete;
  FuseMount& operator=(const FuseMount&) = delete;

 private:
  class Loop;
  explicit FuseMount(std::unique_ptr<Loop> loop);

  const std::unique_ptr<Loop> loop_;
};

}  // namespace beach::crash
