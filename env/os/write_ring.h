// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <liburing.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"
#include "env/os/descriptor.h"

namespace beach::env {

// A durable write that a loop was asked for.
struct DurableWrite {
  File* file = nullptr;
  std::shared_ptr<const Descriptor> descriptor;  // null: the file is of another binding
  std::uint64_t offset = 0;                      // of rest
  ByteView rest;                                 // what is not written yet
  std::function<void(Status)> done;
  int result = 0;   // of the last attempt on the ring, as the kernel says it
  Status status{};  // once it is finished
};

// An io_uring for the writes of one thread. Every completion makes an eventfd readable.
class WriteRing {
 public:
  // Null where the kernel has no ring for us, or no writes on it. `event_fd` outlives the ring.
  static std::unique_ptr<WriteRing> Open(int event_fd);
  // REQUIRES: nothing is in flight.
  ~WriteRing();
  WriteRing(const WriteRing&) = delete;
  WriteRing& operator=(const WriteRing&) = delete;

  // Hands the rest of the write to the kernel, and takes it. False, and nothing taken: no room.
  bool Start(std::unique_ptr<DurableWrite>& write);
  // Adds what has completed, each with its result; with `wait`, at least one. REQUIRES then: one is
  // in flight.
  void Reap(bool wait, std::vector<std::unique_ptr<DurableWrite>>* completed);
  unsigned in_flight() const { return in_flight_; }

 private:
  WriteRing() = default;

  io_uring ring_{};
  bool open_ = false;
  unsigned in_flight_ = 0;
};

}  // namespace beach::env
