// SPDX-License-Identifier: Apache-2.0
#include "sim/fibers/stack_pool.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/check.h"
#include "sim/fibers/sanitizer.h"

namespace beach::sim {
namespace {

constexpr std::size_t kPageSize = 4096;

}  // namespace

StackPool::~StackPool() {
  for (const Stack& stack : mapped_) {
    const bool abandoned =
        std::ranges::none_of(free_, [&stack](const Stack& free) { return free.low == stack.low; });
    if (abandoned && KeepForLeakChecker(stack.low, stack.size)) continue;
    UnpoisonStack(stack.low, stack.size);
    const int result = munmap(stack.low - kPageSize, stack.size + kPageSize);
    BEACH_CHECK_EQ(result, 0);
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
  void* memory = mmap(nullptr, kStackSize + kPageSize, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  BEACH_CHECK(memory != MAP_FAILED);
  const int result = mprotect(memory, kPageSize, PROT_NONE);
  BEACH_CHECK_EQ(result, 0);
  const Stack stack{static_cast<char*>(memory) + kPageSize, kStackSize};
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
