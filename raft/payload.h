// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/bytes.h"

namespace beach::raft {

// Immutable bytes, shared by the log's tail, messages and apply without a copy. One pointer and
// one allocation, where a shared_ptr to a string is two of each; the count is atomic because apply
// may run on another thread than the core. Empty bytes take no memory.
class Payload {
 public:
  Payload() = default;
  static Payload Copy(ByteView bytes);

  Payload(const Payload& other) : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Payload(Payload&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Payload& operator=(Payload other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Payload() { Release(); }

  // Lives as long as any Payload that shares it.
  ByteView view() const;
  std::uint64_t size() const { return block_ == nullptr ? 0 : block_->size; }

 private:
  struct Block {  // the bytes stand behind it
    std::atomic<std::uint32_t> references;
    std::uint32_t size;
  };

  void Release() {
    if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      Free(block_);
    }
  }
  static void Free(Block* block);

  Block* block_ = nullptr;
};

}  // namespace beach::raft
