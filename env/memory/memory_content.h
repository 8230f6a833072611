// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace beach::env {

// The bytes of a file, in chunks. A chunk that is all zeros takes no memory until something else is
// written to it. Not thread-safe.
class MemoryContent {
 public:
  std::uint64_t size_bytes() const { return size_bytes_; }
  // Of memory, for its chunks.
  std::uint64_t allocated_bytes() const;

  std::size_t ReadAt(std::uint64_t offset, char* target, std::size_t length) const;
  // Extends it where needed; a gap reads as zeros.
  void WriteAt(std::uint64_t offset, ByteView data);
  void Resize(std::uint64_t size_bytes);

 private:
  std::uint64_t size_bytes_ = 0;
  // As many as the size needs; null: zeros. Bytes beyond the size are zeros.
  std::vector<std::unique_ptr<char[]>> chunks_;
};

}  // namespace beach::env
