// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "env/files.h"
#include "env/os/loop_core.h"
#include "env/os/posix_files.h"
#include "env/os/reactor.h"
#include "env/os/write_ring.h"
#include "env/os/write_workers.h"

namespace beach::env {

// The file writes of one loop. A file of this binding goes onto a ring, whose completions wake the
// loop as a socket does. Onto worker threads goes what a ring does not take: everything where the
// kernel refuses one, and files of other bindings (env/memory/). Both are made by the first write.
class LoopWrites final : private Watched {
 public:
  LoopWrites(LoopCore& core, AsyncWrites async_writes) : core_(core), async_writes_(async_writes) {}
  // Waits for what is under way, and calls nothing.
  ~LoopWrites();
  LoopWrites(const LoopWrites&) = delete;
  LoopWrites& operator=(const LoopWrites&) = delete;

  void Submit(File& file, std::uint64_t offset, ByteView data, std::function<void(Status)> done);

 private:
  void OnReadable() override;
  void OnWritable() override {}

  void OpenRing();
  void StartWaiting();
  void StartOnWorkers(std::unique_ptr<DurableWrite> write);
  void Sort(std::vector<std::unique_ptr<DurableWrite>>& completed,
            std::vector<std::unique_ptr<DurableWrite>>* finished);

  LoopCore& core_;
  const AsyncWrites async_writes_;
  bool opened_ = false;                                // the ring was tried
  std::unique_ptr<Watch> watch_;                       // of the ring's eventfd
  std::unique_ptr<WriteRing> ring_;                    // null: none yet, or refused
  std::deque<std::unique_ptr<DurableWrite>> waiting_;  // for room on the ring
  std::unique_ptr<WriteWorkers> workers_;
};

}  // namespace beach::env
