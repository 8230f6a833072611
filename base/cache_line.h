// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace beach {

// What the processor takes from memory at a time, in bytes.
inline constexpr std::size_t kCacheLineSize = 64;

// Asks for all lines of [begin, begin + size) at once. What walks through them, each step where the
// one before ends, would wait for each in turn. A hint: the bytes need not be there.
inline void Prefetch(const void* begin, std::size_t size) {
  const char* const bytes = static_cast<const char*>(begin);
  for (std::size_t at = 0; at < size; at += kCacheLineSize) __builtin_prefetch(bytes + at);
}

}  // namespace beach
