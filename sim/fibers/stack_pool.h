// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/fibers/sanitizer.h"

namespace beach::sim {

// Memory for one fiber, a guard page below it. Grows down from `low + size`.
struct Stack {
  char* low = nullptr;
  std::size_t size = 0;
};

#if defined(__SANITIZE_ADDRESS__)
inline constexpr std::size_t kStackScale = 4;  // redzones and unoptimized frames
#else
inline constexpr std::size_t kStackScale = 1;
#endif
inline constexpr std::size_t kStackSize = kStackScale * (std::size_t{256} << 10);

// The stacks of one run: zero at first, given back ones are used again. With the pool all of them
// go (but see KeepForLeakChecker), to the OS thread's next run or to the OS. An overflow hits the
// guard page and is a segmentation fault of the code under test.
class StackPool {
 public:
  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  Stack Take();
  // REQUIRES: nothing runs on it, nor ever will again.
  void Give(Stack stack);

  std::size_t mapped() const { return mapped_.size(); }

 private:
  std::vector<Stack> free_;
  std::vector<Stack> mapped_;
};

}  // namespace beach::sim
