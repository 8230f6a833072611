// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>

#include "env/threads.h"

namespace beach::raft {

// A thread that does jobs, in their order. Thread-safe but for its end.
class Worker {
 public:
  explicit Worker(const char* name);
  // The job under way comes to its end; those behind it are dropped.
  ~Worker();

  void Do(std::function<void()> job);

 private:
  void Run();

  env::Mutex mutex_;
  env::CondVar changed_;
  std::deque<std::function<void()>> jobs_;  // under mutex_
  bool stopping_ = false;                   // the same
  env::Thread thread_;
};

}  // namespace beach::raft
