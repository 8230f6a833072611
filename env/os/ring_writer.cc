// SPDX-License-Identifier: Apache-2.0
#include <liburing.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "env/os/async_writer.h"
#include "env/threads.h"

// No thread of its own. The mutex guards the submission queue and the state of the writes; the
// completion queue belongs to whoever reaps. A waiter whose write is under way reaps if nobody does
// (so a lone waiter sleeps in the kernel and is woken by the device, not by another thread), else
// it sleeps on its write until the reaper hands it its result or the reaping.

namespace beach::env {
namespace {

constexpr unsigned kWritesMax = 128;  // in flight; the completion queue holds twice as many

class RingWriter;

class RingWrite final : public PendingWrite {
 public:
  RingWrite(RingWriter& writer, std::shared_ptr<const Descriptor> file, std::uint64_t offset,
            ByteView data)
      : writer_(writer), file_(std::move(file)), offset_(offset), rest_(data) {}
  ~RingWrite() override { static_cast<void>(RingWrite::Wait()); }

  Status Wait() override;
  bool Done() override;

 private:
  friend class RingWriter;

  RingWriter& writer_;
  const std::shared_ptr<const Descriptor> file_;
  // All below: under writer_.mutex_.
  std::uint64_t offset_;  // of rest_
  ByteView rest_;         // what the kernel has not written yet
  bool done_ = false;
  Status status_;
  CondVar woken_;
  RingWrite* next_waiter_ = nullptr;
};

class RingWriter final : public AsyncWriter {
 public:
  RingWriter() = default;
  ~RingWriter() override {
    BEACH_CHECK_EQ(in_flight_, 0U);
    if (open_) ::io_uring_queue_exit(&ring_);
  }

  // False where the kernel has no ring for us or no writes on it.
  bool Open() {
    if (::io_uring_queue_init(kWritesMax, &ring_, 0) != 0) return false;
    open_ = true;
    io_uring_probe* const probe = ::io_uring_get_probe_ring(&ring_);
    if (probe == nullptr) return false;
    const bool writes = ::io_uring_opcode_supported(probe, IORING_OP_WRITE) != 0;
    ::io_uring_free_probe(probe);
    return writes;
  }

  std::unique_ptr<PendingWrite> Submit(std::shared_ptr<const Descriptor> file, std::uint64_t offset,
                                       ByteView data) override {
    auto write = std::make_unique<RingWrite>(*this, std::move(file), offset, data);
    const MutexLock lock(mutex_);
    if (!Start(*write)) WriteNow(*write);
    return write;
  }

 private:
  friend class RingWrite;

  // Hands the rest of the write to the kernel. False, and nothing done, where it takes no more.
  bool Start(RingWrite& write) {
    if (in_flight_ == kWritesMax || write.rest_.empty()) return false;
    io_uring_sqe* const entry = ::io_uring_get_sqe(&ring_);
    if (entry == nullptr) return false;
    // One entry holds at most 4 GiB; a multiple of the direct alignment. The rest follows.
    constexpr std::size_t kPieceMax = std::size_t{1} << 30;
    const ByteView piece = write.rest_.substr(0, kPieceMax);
    ::io_uring_prep_write(entry, write.file_->fd(), piece.data(),
                          static_cast<unsigned>(piece.size()), write.offset_);
    entry->rw_flags = RWF_DSYNC;
    ::io_uring_sqe_set_data(entry, &write);
    int submitted = -EINTR;
    while (submitted == -EINTR) submitted = ::io_uring_submit(&ring_);
    if (submitted <= 0) {
      // The entry stays queued and goes out with a later one: it must do nothing then.
      ::io_uring_prep_nop(entry);
      ::io_uring_sqe_set_data(entry, nullptr);
      return false;
    }
    ++in_flight_;
    return true;
  }

  // The way out when the ring is full: the caller does the write itself.
  void WriteNow(RingWrite& write) {
    {
      const MutexUnlock unlock(mutex_);
      write.status_ = write.file_->WriteAll(write.offset_, write.rest_, true);
    }
    write.done_ = true;
  }

  void AwaitDone(RingWrite& write) {
    while (!write.done_) {
      if (!reaping_) {
        Reap(true);
        continue;
      }
      write.next_waiter_ = waiters_;
      waiters_ = &write;
      while (!write.done_ && reaping_) write.woken_.Wait(mutex_);
      RemoveWaiter(write);
    }
    // We may have been the reaper, or the one woken to be it: leave the task to somebody.
    if (!reaping_ && waiters_ != nullptr) waiters_->woken_.NotifyOne();
  }

  // Takes what has completed off the ring; with `wait`, at least one. The lock is given up
  // meanwhile. REQUIRES: nobody else reaps, and with `wait` a write is in flight.
  void Reap(bool wait) {
    BEACH_CHECK(!reaping_);
    reaping_ = true;
    if (wait) {
      BEACH_CHECK_GT(in_flight_, 0U);
      const MutexUnlock unlock(mutex_);
      io_uring_cqe* first = nullptr;
      int failure = -EINTR;
      while (failure == -EINTR || failure == -EAGAIN) {
        failure = ::io_uring_wait_cqe(&ring_, &first);
      }
      BEACH_CHECK_EQ(-failure, 0);
    }
    io_uring_cqe* entry = nullptr;
    while (::io_uring_peek_cqe(&ring_, &entry) == 0) {
      auto* const write = static_cast<RingWrite*>(::io_uring_cqe_get_data(entry));
      const int result = entry->res;
      ::io_uring_cqe_seen(&ring_, entry);
      if (write != nullptr) Complete(*write, result);
    }
    reaping_ = false;
  }

  void Complete(RingWrite& write, int result) {
    BEACH_CHECK(!write.done_);
    BEACH_CHECK_GT(in_flight_, 0U);
    --in_flight_;
    if (result > 0) {
      BEACH_CHECK_LE(static_cast<std::size_t>(result), write.rest_.size());
      write.rest_.remove_prefix(static_cast<std::size_t>(result));
      write.offset_ += static_cast<std::uint64_t>(result);
    }
    const bool again = result > 0 || result == -EINTR || result == -EAGAIN;
    if (again && !write.rest_.empty()) {
      if (Start(write)) return;
      // Rare beyond measure (a short write while the kernel takes no entry): the reaper writes,
      // under the lock so that no waiter sees the write half-way.
      write.status_ = write.file_->WriteAll(write.offset_, write.rest_, true);
    } else if (!again) {
      const int os_error = result == 0 ? ENOSPC : -result;
      write.status_ = Fail(write.file_->Failure(os_error, "write", write.offset_));
    }
    write.done_ = true;
    write.woken_.NotifyOne();
  }

  void RemoveWaiter(RingWrite& write) {
    RingWrite** link = &waiters_;
    while (*link != &write) link = &(*link)->next_waiter_;
    *link = write.next_waiter_;
    write.next_waiter_ = nullptr;
  }

  Mutex mutex_;
  io_uring ring_{};  // submission side: under mutex_; completion side: whoever set reaping_
  bool open_ = false;
  unsigned in_flight_ = 0;        // under mutex_
  bool reaping_ = false;          // under mutex_
  RingWrite* waiters_ = nullptr;  // under mutex_; those asleep while another reaps
};

Status RingWrite::Wait() {
  const MutexLock lock(writer_.mutex_);
  writer_.AwaitDone(*this);
  return status_;
}

bool RingWrite::Done() {
  const MutexLock lock(writer_.mutex_);
  if (!done_ && !writer_.reaping_) writer_.Reap(false);
  return done_;
}

}  // namespace

std::unique_ptr<AsyncWriter> NewRingWriter() {
  auto writer = std::make_unique<RingWriter>();
  if (!writer->Open()) return nullptr;
  return writer;
}

}  // namespace beach::env
