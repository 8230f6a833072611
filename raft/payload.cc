// SPDX-License-Identifier: Apache-2.0
#include "raft/payload.h"

#include <cstring>
#include <limits>
#include <new>

#include "base/check.h"

namespace beach::raft {

Payload Payload::Copy(ByteView bytes) {
  Payload payload;
  if (bytes.empty()) return payload;
  BEACH_CHECK_LE(bytes.size(), std::numeric_limits<std::uint32_t>::max());
  void* const memory = ::operator new(sizeof(Block) + bytes.size());
  auto* const block = ::new (memory) Block{1, static_cast<std::uint32_t>(bytes.size())};
  void* const content = block + 1;
  std::memcpy(content, bytes.data(), bytes.size());
  payload.block_ = block;
  return payload;
}

ByteView Payload::view() const {
  if (block_ == nullptr) return {};
  return {static_cast<const char*>(static_cast<const void*>(block_ + 1)), block_->size};
}

void Payload::Free(Block* block) {
  const std::size_t size = sizeof(Block) + block->size;
  block->~Block();
  ::operator delete(block, size);
}

}  // namespace beach::raft
