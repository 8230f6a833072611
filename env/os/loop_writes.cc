// SPDX-License-Identifier: Apache-2.0
#include "env/os/loop_writes.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "env/os/open_files.h"

namespace beach::env {

LoopWrites::~LoopWrites() {
  std::vector<std::unique_ptr<DurableWrite>> completed;
  std::vector<std::unique_ptr<DurableWrite>> finished;
  if (ring_ != nullptr) StartWaiting();
  while (ring_ != nullptr && ring_->in_flight() > 0) {
    ring_->Reap(true, &completed);
    Sort(completed, &finished);
    StartWaiting();
  }
  BEACH_CHECK(waiting_.empty());
}

void LoopWrites::Submit(File& file, std::uint64_t offset, ByteView data,
                        std::function<void(Status)> done) {
  BEACH_CHECK(done != nullptr);
  auto write = std::make_unique<DurableWrite>(DurableWrite{.file = &file,
                                                           .descriptor = FindOpenFile(file),
                                                           .offset = offset,
                                                           .rest = data,
                                                           .done = std::move(done)});
  if (write->descriptor == nullptr) return StartOnWorkers(std::move(write));
  const Status allowed = write->descriptor->CheckWrite(offset, data);
  if (!allowed || data.empty()) {
    return core_.Post([done = std::move(write->done), allowed] { done(allowed); });
  }
  if (!std::exchange(opened_, true)) OpenRing();
  if (ring_ == nullptr) return StartOnWorkers(std::move(write));
  waiting_.push_back(std::move(write));
  StartWaiting();
}

// Leaves ring_ null where the kernel, or a sandbox, refuses any part of it.
void LoopWrites::OpenRing() {
  if (async_writes_ != AsyncWrites::kRing) return;
  const int event_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event_fd < 0) return;
  Result<std::unique_ptr<Watch>> watch = core_.reactor().NewWatch(event_fd, *this);
  if (!watch) return;
  ring_ = WriteRing::Open(event_fd);
  if (ring_ == nullptr) return;
  watch_ = *std::move(watch);
  watch_->AwaitReadable();
}

// In order, until the ring is full. One that takes nothing though it has nothing will not do
// better later.
void LoopWrites::StartWaiting() {
  while (!waiting_.empty() && ring_->Start(waiting_.front())) waiting_.pop_front();
  while (!waiting_.empty() && ring_->in_flight() == 0) {
    StartOnWorkers(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

void LoopWrites::StartOnWorkers(std::unique_ptr<DurableWrite> write) {
  if (workers_ == nullptr) {
    workers_ = std::make_unique<WriteWorkers>([this](std::unique_ptr<DurableWrite> finished) {
      core_.Post([done = std::move(finished->done), status = std::move(finished->status)] {
        done(status);
      });
    });
  }
  workers_->Start(std::move(write));
}

void LoopWrites::OnReadable() {
  std::uint64_t count = 0;  // taken off, so that the next completion makes it readable again
  static_cast<void>(::read(watch_->fd(), &count, sizeof(count)));
  std::vector<std::unique_ptr<DurableWrite>> completed;
  std::vector<std::unique_ptr<DurableWrite>> finished;
  ring_->Reap(false, &completed);
  Sort(completed, &finished);
  StartWaiting();
  watch_->AwaitReadable();
  for (const auto& write : finished) {
    if (core_.stopping()) {
      core_.Post([done = std::move(write->done), status = write->status] { done(status); });
    } else {
      write->done(write->status);
    }
  }
}

// What is done, and what has to go on: a short write where it stopped, and what the kernel would
// rather not do on a ring.
void LoopWrites::Sort(std::vector<std::unique_ptr<DurableWrite>>& completed,
                      std::vector<std::unique_ptr<DurableWrite>>* finished) {
  for (auto& write : completed) {
    const int result = write->result;
    if (result > 0) {
      BEACH_CHECK_LE(static_cast<std::size_t>(result), write->rest.size());
      write->rest.remove_prefix(static_cast<std::size_t>(result));
      write->offset += static_cast<std::uint64_t>(result);
    }
    // The kernel cancels what a thread that ends has begun: another may submit before Run.
    const bool again = result > 0 || result == -EINTR || result == -EAGAIN || result == -ECANCELED;
    if (again && !write->rest.empty()) {
      waiting_.push_back(std::move(write));
    } else if (result == -EOPNOTSUPP) {
      StartOnWorkers(std::move(write));
    } else {
      const int os_error = result == 0 ? ENOSPC : -result;
      if (!again)
        write->status = Fail(write->descriptor->Failure(os_error, "write", write->offset));
      finished->push_back(std::move(write));
    }
  }
  completed.clear();
}

}  // namespace beach::env
