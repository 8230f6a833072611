// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "env/os/write_ring.h"
#include "env/threads.h"

namespace beach::env {

// Threads that carry out the writes of one loop.
class WriteWorkers {
 public:
  // Is given each write, with its status, on one of the threads.
  using Finished = std::function<void(std::unique_ptr<DurableWrite>)>;

  explicit WriteWorkers(Finished finished);
  // After all writes are finished.
  ~WriteWorkers();
  WriteWorkers(const WriteWorkers&) = delete;
  WriteWorkers& operator=(const WriteWorkers&) = delete;

  void Start(std::unique_ptr<DurableWrite> write);

 private:
  void Work();

  const Finished finished_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::unique_ptr<DurableWrite>> queue_;  // under mutex_
  bool stopping_ = false;                            // under mutex_
  std::vector<Thread> threads_;
};

}  // namespace beach::env
