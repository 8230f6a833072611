// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/bytes.h"
#include "env/files.h"
#include "env/os/descriptor.h"

namespace beach::env {

// Carries out the asynchronous durable writes of one file system. Thread-safe. Outlives the writes
// that it gives out.
class AsyncWriter {
 public:
  virtual ~AsyncWriter() = default;

  // REQUIRES: file->CheckWrite(offset, data) was fine. `data` outlives the write.
  virtual std::unique_ptr<PendingWrite> Submit(std::shared_ptr<const Descriptor> file,
                                               std::uint64_t offset, ByteView data) = 0;
};

// On an io_uring; null where the kernel (or a sandbox) refuses one.
std::unique_ptr<AsyncWriter> NewRingWriter();
// On worker threads, started by the first write.
std::unique_ptr<AsyncWriter> NewThreadWriter();

}  // namespace beach::env
