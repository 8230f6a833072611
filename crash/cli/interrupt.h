// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace beach::crash {

// While one lives, SIGINT, SIGTERM and SIGHUP are noted instead of ending the process at once, and
// a pipe that nobody reads is an error of the write. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool asked() const;
};

}  // namespace beach::crash
