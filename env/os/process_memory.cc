// SPDX-License-Identifier: Apache-2.0
#include "env/os/process_memory.h"

#include <malloc.h>

namespace beach::env {

void KeepLargePiecesApart() {
  constexpr int kLarge = 128 * 1024;
  static_cast<void>(mallopt(M_MMAP_THRESHOLD, kLarge));  // allocators in its place may refuse it
}

}  // namespace beach::env
