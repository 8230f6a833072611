// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <cstdint>

namespace beach::bench {

// While one lives, who asks this process to end (SIGINT, SIGTERM) waits until it looks, so that
// what it made is removed. For all threads that are started meanwhile, and for children until they
// give the signals free. Made and destroyed by one thread; one at a time.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();  // what nobody looked at ends the process now
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Waits so long, or less when the process is asked to end: then true, once for each time.
  static bool AwaitFor(std::uint64_t duration_ns);
  // In a forked child: its signals are as if there were no HeldSignals.
  static void GiveFree();
};

}  // namespace beach::bench
