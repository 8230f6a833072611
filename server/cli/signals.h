// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <functional>

#include "env/threads.h"

namespace beach::server {

// Waits, on a thread of its own, for SIGINT and SIGTERM while it lives. They reach nobody else:
// it is made before the process has other threads. A second one ends the process at once.
class StopSignals {
 public:
  // Each is called on that thread, `on_stop` once. Without `on_hang_up` SIGHUP is nobody's
  // business: it ends the process.
  explicit StopSignals(std::function<void()> on_stop, std::function<void()> on_hang_up = {});
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  // In a process that has no other thread yet: from here on both wait until somebody takes them,
  // SIGHUP too if that is asked for.
  static void Hold(bool hang_up = false);

 private:
  env::Thread thread_;
};

// While it lives SIGINT and SIGTERM do nothing to the thread that made it, nor to those that it
// starts meanwhile, which keep it so. For who looks now and then whether he is to stop.
class Interrupts {
 public:
  Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

  // One has come since it was made, or since this was last asked.
  bool Came();

 private:
  sigset_t before_;
};

}  // namespace beach::server
