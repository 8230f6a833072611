// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/error.h"

namespace beach::sim::crashpoints {

// A forked copy of this process, and the pipe on which it tells what it found. The parent has one
// thread only.
class OsBranch {
 public:
  // In the child, `in_child` is set, and the object is its end of the pipe. `cpu_seconds`: how much
  // processor time it may take before it is killed.
  static Result<OsBranch> Fork(std::uint64_t cpu_seconds, bool& in_child);

  OsBranch(OsBranch&& other) noexcept;
  OsBranch& operator=(OsBranch&& other) noexcept;
  ~OsBranch();

  // Child: the branch is one of its parent's, and none of its business.
  void Disown();
  // Child: tells, and ends the process. Nothing of its parent's runs any more.
  [[noreturn]] void Tell(const std::string& text);
  // Parent: waits for the child. Empty text when it died without telling; then `death` says how.
  struct Told {
    std::string text;
    std::string death;
  };
  Told Wait();

 private:
  OsBranch(pid_t child, int pipe) : child_(child), pipe_(pipe) {}

  pid_t child_ = 0;  // 0: this is the child
  int pipe_ = -1;
};

}  // namespace beach::sim::crashpoints
