// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

namespace beach::env {

// Makes a system call again for as long as a signal interrupts it. Not for fsync and fdatasync: a
// failed sync must be seen, since the next one may succeed without the data.
template <class Call>
auto RetryOnSignal(Call call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace beach::env
