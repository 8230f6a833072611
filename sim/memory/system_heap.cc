// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/system_heap.h"

#include <sys/mman.h>

#include "base/check.h"

namespace beach::sim::memory {

constinit SystemHeap system_heap;
constinit thread_local bool SystemHeap::serves_this_thread_ = false;

void SystemHeap::Start() {
  if (region_ != kNowhere) return;
  void* const region = mmap(nullptr, kRegionSize, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  BEACH_CHECK(region != MAP_FAILED);
  region_ = reinterpret_cast<std::uintptr_t>(region);
  arena_.Start(static_cast<char*>(region), static_cast<char*>(region) + kRegionSize,
               static_cast<char*>(region), 0);
  serves_this_thread_ = true;
}

}  // namespace beach::sim::memory
