// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace beach::engine {

// Memory that is given out piece by piece and taken back all at once, on destruction. One thread
// allocates at a time; what it hands out may be read anywhere, and size_bytes() asked anywhere.
class Arena {
 public:
  static constexpr std::size_t kChunkSizeMin = 1024;
  static constexpr std::size_t kChunkSizeMax = 1024 * 1024;  // each chunk doubles up to here
  static constexpr std::size_t kAlignment = 8;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialized, aligned to kAlignment, never moved. REQUIRES: size_bytes > 0.
  char* Allocate(std::size_t size_bytes);

  // The sum of what was asked for: no padding, no unused rest of a chunk, so that decisions made by
  // it are the same on every machine.
  std::uint64_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }

 private:
  char* AllocateChunk(std::size_t size_bytes);

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* free_ = nullptr;  // into the newest doubling chunk; always aligned
  std::size_t free_size_ = 0;
  std::size_t chunk_size_next_ = kChunkSizeMin;
  std::atomic<std::uint64_t> size_bytes_{0};
};

}  // namespace beach::engine
