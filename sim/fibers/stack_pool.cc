// SPDX-License-Identifier: Apache-2.0
#include "sim/fibers/stack_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "sim/fibers/sanitizer.h"
#include "sim/memory/process_memory.h"

namespace beach::sim {
namespace {

constexpr std::size_t kPageSize = 4096;
// At its top: what most fibers need. Zeroed and kept between runs; the rest goes back to the OS.
constexpr std::size_t kWarmBytes = std::size_t{16} << 10;

char* Map() {
  void* const memory = mmap(nullptr, kStackSize + kPageSize, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  BEACH_CHECK(memory != MAP_FAILED);
  const int result = mprotect(memory, kPageSize, PROT_NONE);
  BEACH_CHECK_EQ(result, 0);
  return static_cast<char*>(memory) + kPageSize;
}

void Unmap(char* low) {
  const int result = munmap(low - kPageSize, kStackSize + kPageSize);
  BEACH_CHECK_EQ(result, 0);
}

#if defined(__SANITIZE_ADDRESS__)

char* TakeMapped() { return Map(); }
void GiveMapped(char* low) { Unmap(low); }

#else

// Stacks of former runs of this OS thread, zero as fresh ones are: to map them costs more than most
// of what runs on them.
constexpr std::size_t kWarmMax = 32;
constinit thread_local char* warm[kWarmMax] = {};
constinit thread_local std::size_t warm_count = 0;

char* TakeMapped() { return warm_count == 0 ? Map() : warm[--warm_count]; }

void GiveMapped(char* low) {
  if (warm_count == kWarmMax) return Unmap(low);
  std::memset(low + kStackSize - kWarmBytes, 0, kWarmBytes);
  const int result = madvise(low, kStackSize - kWarmBytes, MADV_DONTNEED);
  BEACH_CHECK_EQ(result, 0);
  warm[warm_count++] = low;
}

#endif

}  // namespace

StackPool::~StackPool() {
  for (const Stack& stack : mapped_) {
    const bool abandoned =
        std::ranges::none_of(free_, [&stack](const Stack& free) { return free.low == stack.low; });
    if (abandoned && KeepForLeakChecker(stack.low, stack.size)) continue;
    UnpoisonStack(stack.low, stack.size);
    GiveMapped(stack.low);
  }
}

Stack StackPool::Take() {
  if (!free_.empty()) {
    const Stack stack = free_.back();
    free_.pop_back();
    // Frames that never unwound left their redzones behind.
    UnpoisonStack(stack.low, stack.size);
    return stack;
  }
  const Stack stack{TakeMapped(), kStackSize};
  if (const std::uint64_t stir = memory::Stirred(); stir != 0) [[unlikely]] {
    std::memset(stack.low + stack.size - kWarmBytes, static_cast<int>(stir >> 48), kWarmBytes);
  }
  mapped_.push_back(stack);
  free_.reserve(mapped_.size());  // so that Give never allocates
  return stack;
}

void StackPool::Give(Stack stack) {
  BEACH_CHECK(stack.low != nullptr);
  BEACH_CHECK_LT(free_.size(), mapped_.size());
  free_.push_back(stack);
}

}  // namespace beach::sim
