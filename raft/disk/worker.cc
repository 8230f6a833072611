// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/worker.h"

#include <utility>

#include "base/check.h"

namespace beach::raft {

Worker::Worker(const char* name) : thread_(name, [this] { Run(); }) {}

Worker::~Worker() {
  {
    const env::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  thread_.Join();
}

void Worker::Do(std::function<void()> job) {
  const env::MutexLock lock(mutex_);
  BEACH_CHECK(!stopping_);
  jobs_.push_back(std::move(job));
  changed_.NotifyOne();
}

void Worker::Run() {
  for (;;) {
    std::function<void()> job;
    {
      const env::MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace beach::raft
