// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <vector>

#include "env/files.h"

namespace beach::env::conformance {

// Bytes in memory that a direct write takes, with one block to spare after them. Stays in place.
class AlignedBytes {
 public:
  AlignedBytes(std::size_t length, char fill)
      : memory_(length + 2 * kDirectAlignment, fill), length_(length) {}
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  char* data() {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    return memory_.data() + (kDirectAlignment - address % kDirectAlignment) % kDirectAlignment;
  }
  ByteView view() { return ByteView(data(), length_); }

 private:
  std::vector<char> memory_;
  const std::size_t length_;
};

}  // namespace beach::env::conformance
