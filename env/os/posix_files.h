// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "env/files.h"

namespace beach::env {

enum class AsyncWrites : std::uint8_t {
  kRing,     // io_uring, or kThreads where the kernel refuses it
  kThreads,  // worker threads
};

// The files of this machine. Outlives every File and PendingWrite it makes.
std::unique_ptr<FileSystem> NewPosixFiles(AsyncWrites async_writes = AsyncWrites::kRing);

}  // namespace beach::env
