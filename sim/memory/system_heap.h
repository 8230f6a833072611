// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/memory/arena.h"

namespace beach::sim::memory {

// The simulation's own small blocks, for the OS thread that makes runs: an arena that outlives
// them, so that one run's blocks are warm for the next. Large blocks, other threads, and what was
// allocated before the first run are malloc's. Where it lies is up to the OS.
class SystemHeap {
 public:
  static constexpr std::size_t kBlockMax = std::size_t{64} << 10;

  // Begins to serve the calling thread. Afterwards a no-op, on any thread.
  void Start();

  // On the thread that it serves: memory::Stir.
  void Stir(std::uint64_t salt) {
    if (serves_this_thread_) arena_.Stir(salt);
  }

  // Null when it has none to give: then malloc does.
  void* Take(std::size_t size, std::size_t alignment) {
    if (!serves_this_thread_ || size > kBlockMax || alignment > 16) return nullptr;
    if (arena_.untouched() < 2 * kBlockMax) [[unlikely]]
      return nullptr;
    return arena_.Take(size, alignment);
  }

  bool Owns(const void* pointer) const {
    return reinterpret_cast<std::uintptr_t>(pointer) - region_ < kRegionSize;
  }
  // REQUIRES: Owns, and the thread that it serves.
  void Return(void* pointer) {
    BEACH_CHECK(serves_this_thread_);
    arena_.Return(static_cast<char*>(pointer));
  }

 private:
  static constexpr std::size_t kRegionSize = std::size_t{4} << 30;
  static constexpr std::uintptr_t kNowhere = std::uintptr_t{1} << 63;  // not a program's address

  static constinit thread_local bool serves_this_thread_;

  std::uintptr_t region_ = kNowhere;
  Arena arena_;
};

extern constinit SystemHeap system_heap;

}  // namespace beach::sim::memory
