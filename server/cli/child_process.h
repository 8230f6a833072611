// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace beach::server {

// A process of this program, whose standard error comes here line by line. It is told to stop when
// this process dies, however that comes about.
class ChildProcess {
 public:
  // kIo.
  static Result<ChildProcess> Start(const std::vector<std::string>& arguments);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) = delete;
  // Kills it where it still runs.
  ~ChildProcess();

  int pid() const { return pid_; }
  // For poll: readable when there is something to read, or it has ended.
  int output() const { return output_; }
  // Whole lines that have come, without their ends. Does not wait.
  std::vector<std::string> ReadLines();
  void Tell(int signal);
  // How it ended, as shells say it: its exit code, or 128 and the signal. Nothing: it runs. Does
  // not wait.
  std::optional<int> Ended();

 private:
  ChildProcess(int pid, int output) : pid_(pid), output_(output) {}

  int pid_;
  int output_;
  std::string partial_;
  std::optional<int> ended_;
};

}  // namespace beach::server
