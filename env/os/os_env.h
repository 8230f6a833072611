// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "env/env.h"
#include "env/os/os_clock.h"
#include "env/os/os_network.h"
#include "env/os/posix_files.h"

namespace beach::env {

// This machine as an Env: owns its files, clock and network. Outlives whatever is given env().
struct OsEnv {
  std::unique_ptr<FileSystem> files = NewPosixFiles();
  std::unique_ptr<Clock> clock = std::make_unique<OsClock>();
  std::unique_ptr<Network> network = NewOsNetwork();

  // `events` may be null, is not owned, and outlives the Env given out.
  Env env(EventSink* events = nullptr) const {
    return Env{
        .files = files.get(), .clock = clock.get(), .events = events, .network = network.get()};
  }
};

}  // namespace beach::env
