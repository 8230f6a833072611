// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <utility>
#include <vector>

#include "base/check.h"
#include "env/os/async_writer.h"
#include "env/threads.h"

namespace beach::env {
namespace {

// As many flushes as are worth having in flight on one device: later ones wait their turn.
constexpr int kThreads = 4;

class ThreadWriter;

class ThreadWrite final : public PendingWrite {
 public:
  ThreadWrite(ThreadWriter& writer, std::shared_ptr<const Descriptor> file, std::uint64_t offset,
              ByteView data)
      : writer_(writer), file_(std::move(file)), offset_(offset), data_(data) {}
  ~ThreadWrite() override { static_cast<void>(ThreadWrite::Wait()); }

  Status Wait() override;
  bool Done() override;

 private:
  friend class ThreadWriter;

  ThreadWriter& writer_;
  const std::shared_ptr<const Descriptor> file_;
  const std::uint64_t offset_;
  const ByteView data_;
  bool done_ = false;       // under writer_.mutex_
  Status status_;           // written before done_ is set
  CondVar done_or_failed_;  // with writer_.mutex_
};

class ThreadWriter final : public AsyncWriter {
 public:
  ~ThreadWriter() override {
    {
      const MutexLock lock(mutex_);
      BEACH_CHECK(queue_.empty());
      stopping_ = true;
      work_.NotifyAll();
    }
    for (Thread& thread : threads_) thread.Join();
  }

  std::unique_ptr<PendingWrite> Submit(std::shared_ptr<const Descriptor> file, std::uint64_t offset,
                                       ByteView data) override {
    auto write = std::make_unique<ThreadWrite>(*this, std::move(file), offset, data);
    const MutexLock lock(mutex_);
    while (threads_.size() < kThreads) {
      threads_.emplace_back("file-write", [this] { RunWorker(); });
    }
    queue_.push_back(write.get());
    work_.NotifyOne();
    return write;
  }

 private:
  friend class ThreadWrite;

  void RunWorker() {
    const MutexLock lock(mutex_);
    while (true) {
      while (queue_.empty() && !stopping_) work_.Wait(mutex_);
      if (queue_.empty()) return;
      ThreadWrite& write = *queue_.front();
      queue_.pop_front();
      Status status;
      {
        const MutexUnlock unlock(mutex_);
        status = write.file_->WriteAll(write.offset_, write.data_, true);
      }
      write.status_ = std::move(status);
      write.done_ = true;
      // Under the lock: once it is free, the waiter may destroy the write.
      write.done_or_failed_.NotifyAll();
    }
  }

  Mutex mutex_;
  CondVar work_;
  std::deque<ThreadWrite*> queue_;  // under mutex_; each owned by its caller, who waits for it
  std::vector<Thread> threads_;     // under mutex_ until stopping_
  bool stopping_ = false;           // under mutex_
};

Status ThreadWrite::Wait() {
  const MutexLock lock(writer_.mutex_);
  while (!done_) done_or_failed_.Wait(writer_.mutex_);
  return status_;
}

bool ThreadWrite::Done() {
  const MutexLock lock(writer_.mutex_);
  return done_;
}

}  // namespace

std::unique_ptr<AsyncWriter> NewThreadWriter() { return std::make_unique<ThreadWriter>(); }

}  // namespace beach::env
