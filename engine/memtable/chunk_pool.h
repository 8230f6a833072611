// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "env/threads.h"

namespace beach::engine {

// Clang spells GCC's macros as features.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif

// Memory of arenas that are gone, for the next ones. Without it the allocator fills the holes that
// a memtable leaves with blocks and other small things, and takes new memory for the next memtable:
// a third more than is in use, in the long run. Thread-safe.
class ChunkPool {
 public:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool kKeeps = false;  // so that a use of what was given back is found
#else
  static constexpr bool kKeeps = true;
#endif

  // Keeps at most so many bytes.
  explicit ChunkPool(std::uint64_t size_bytes_max);
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // Uninitialized: one that was given back, of just that size, or a new one.
  void* Take(std::size_t size_bytes);
  void Give(void* chunk, std::size_t size_bytes);

  std::uint64_t kept_bytes() const;

 private:
  const std::uint64_t size_bytes_max_;
  mutable env::Mutex mutex_;  // innermost
  std::map<std::size_t, std::vector<void*>> kept_;
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace beach::engine
