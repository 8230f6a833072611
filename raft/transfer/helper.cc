// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/helper.h"

namespace beach::raft {

ThreadHelper::ThreadHelper(env::Loop& loop, const char* name)
    : loop_(loop), alive_(std::make_shared<bool>(true)) {
  thread_ = env::Thread(name, [this] { Work(); });
}

ThreadHelper::~ThreadHelper() {
  {
    const env::MutexLock lock(mutex_);
    stop_ = true;
    wanted_.NotifyOne();
  }
  thread_.Join();
}

void ThreadHelper::Do(std::function<void()> work, std::function<void()> then) {
  const env::MutexLock lock(mutex_);
  jobs_.push_back({.work = std::move(work), .then = std::move(then)});
  wanted_.NotifyOne();
}

// The thread.
void ThreadHelper::Work() {
  for (;;) {
    Job job;
    {
      const env::MutexLock lock(mutex_);
      while (jobs_.empty() && !stop_) wanted_.Wait(mutex_);
      if (stop_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job.work();
    job.work = nullptr;  // what it holds may be slow to let go of
    loop_.Post([alive = std::weak_ptr<bool>(alive_), then = std::move(job.then)] {
      if (alive.lock() != nullptr) then();
    });
  }
}

}  // namespace beach::raft
