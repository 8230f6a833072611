// SPDX-License-Identifier: Apache-2.0
#include "env/os/write_workers.h"

#include <utility>

#include "base/check.h"

namespace beach::env {
namespace {

// As many flushes as are worth having in flight on one device: later ones wait their turn.
constexpr int kThreads = 4;

Status Write(DurableWrite& write) {
  if (write.descriptor != nullptr) {
    return write.descriptor->WriteAll(write.offset, write.rest, true);
  }
  BEACH_TRY_ASSIGN(const auto pending, write.file->SubmitWrite(write.offset, write.rest));
  return pending->Wait();
}

}  // namespace

WriteWorkers::WriteWorkers(Finished finished) : finished_(std::move(finished)) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back("loop-write", [this] { Work(); });
}

WriteWorkers::~WriteWorkers() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  for (Thread& thread : threads_) thread.Join();
  BEACH_CHECK(queue_.empty());
}

void WriteWorkers::Start(std::unique_ptr<DurableWrite> write) {
  const MutexLock lock(mutex_);
  queue_.push_back(std::move(write));
  changed_.NotifyOne();
}

void WriteWorkers::Work() {
  const MutexLock lock(mutex_);
  while (true) {
    while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
    if (queue_.empty()) return;
    std::unique_ptr<DurableWrite> write = std::move(queue_.front());
    queue_.pop_front();
    const MutexUnlock unlock(mutex_);
    write->status = Write(*write);
    finished_(std::move(write));
  }
}

}  // namespace beach::env
