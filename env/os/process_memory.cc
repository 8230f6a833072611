// SPDX-License-Identifier: Apache-2.0
#include "env/os/process_memory.h"

#include <malloc.h>

#include "base/check.h"

namespace beach::env {

void KeepLargePiecesApart() {
  constexpr int kLarge = 128 * 1024;
  const int done = mallopt(M_MMAP_THRESHOLD, kLarge);
  BEACH_CHECK_EQ(done, 1);
}

}  // namespace beach::env
