// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "sim/run.h"

// How a worker's answer travels to the sweep. Both ends are the same binary, so there is no
// version; but a worker may have scribbled over its memory, so what it says is decoded as hostile
// bytes.

namespace beach::sim::sweep {

// A number of a worker's jobs, all that a worker must be told.
struct Job {
  std::uint64_t scenario = 0;  // index into the pool's scenarios
  std::uint64_t seed = 0;
  std::uint64_t address_salt = 0;
  bool fresh_process = false;  // in a worker that runs nothing else

  friend bool operator==(const Job&, const Job&) = default;
};

Bytes EncodeJob(const Job& job);
Result<Job> DecodeJob(ByteView bytes);

Bytes EncodeReport(const RunReport& report);
Result<RunReport> DecodeReport(ByteView bytes);

}  // namespace beach::sim::sweep
