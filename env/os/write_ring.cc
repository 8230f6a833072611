// SPDX-License-Identifier: Apache-2.0
#include "env/os/write_ring.h"

#include <cerrno>

#include "base/check.h"

namespace beach::env {
namespace {

constexpr unsigned kWritesMax = 128;  // in flight; the completion queue holds twice as many
// One entry holds at most 4 GiB; a multiple of the direct alignment. The rest follows.
constexpr std::size_t kPieceMax = std::size_t{1} << 30;

}  // namespace

std::unique_ptr<WriteRing> WriteRing::Open(int event_fd) {
  std::unique_ptr<WriteRing> made(new WriteRing);
  if (::io_uring_queue_init(kWritesMax, &made->ring_, 0) != 0) return nullptr;
  made->open_ = true;
  io_uring_probe* const probe = ::io_uring_get_probe_ring(&made->ring_);
  if (probe == nullptr) return nullptr;
  const bool writes = ::io_uring_opcode_supported(probe, IORING_OP_WRITE) != 0;
  ::io_uring_free_probe(probe);
  if (!writes || ::io_uring_register_eventfd(&made->ring_, event_fd) != 0) return nullptr;
  return made;
}

WriteRing::~WriteRing() {
  BEACH_CHECK_EQ(in_flight_, 0U);
  if (open_) ::io_uring_queue_exit(&ring_);
}

bool WriteRing::Start(std::unique_ptr<DurableWrite>& write) {
  BEACH_CHECK(!write->rest.empty());
  if (in_flight_ == kWritesMax) return false;
  io_uring_sqe* const entry = ::io_uring_get_sqe(&ring_);
  if (entry == nullptr) return false;
  const ByteView piece = write->rest.substr(0, kPieceMax);
  ::io_uring_prep_write(entry, write->descriptor->fd(), piece.data(),
                        static_cast<unsigned>(piece.size()), write->offset);
  entry->rw_flags = RWF_DSYNC;
  ::io_uring_sqe_set_data(entry, write.get());
  int submitted = -EINTR;
  while (submitted == -EINTR) submitted = ::io_uring_submit(&ring_);
  if (submitted <= 0) {
    // The entry stays queued and goes out with a later one: it must do nothing then.
    ::io_uring_prep_nop(entry);
    ::io_uring_sqe_set_data(entry, nullptr);
    return false;
  }
  static_cast<void>(write.release());  // the kernel's, until Reap
  ++in_flight_;
  return true;
}

void WriteRing::Reap(bool wait, std::vector<std::unique_ptr<DurableWrite>>* completed) {
  io_uring_cqe* entry = nullptr;
  if (wait) {
    BEACH_CHECK_GT(in_flight_, 0U);
    int failure = -EINTR;
    while (failure == -EINTR || failure == -EAGAIN) failure = ::io_uring_wait_cqe(&ring_, &entry);
    BEACH_CHECK_EQ(-failure, 0);
  }
  while (::io_uring_peek_cqe(&ring_, &entry) == 0) {
    auto* const write = static_cast<DurableWrite*>(::io_uring_cqe_get_data(entry));
    if (write != nullptr) {
      BEACH_CHECK_GT(in_flight_, 0U);
      --in_flight_;
      write->result = entry->res;
      completed->emplace_back(write);
    }
    ::io_uring_cqe_seen(&ring_, entry);
  }
}

}  // namespace beach::env
