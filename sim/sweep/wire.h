// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/error.h"
#include "sim/run.h"
#include "sim/spectator.h"

// How a worker's answer travels to the sweep. Both ends are builds of the same sources, and reports
// begin with a version; a worker may have scribbled over its memory, so what it says is decoded as
// hostile bytes.

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

// What a worker tells of a run under way, for the case that it does not live to report it.
Bytes EncodeProgress(const std::string& option, std::uint64_t value);
Bytes EncodeProgress(const std::vector<artifacts::Operation>& workload);
Bytes EncodeProgress(const artifacts::Decision& decision);
Bytes EncodeProgress(const artifacts::TraceEvent& event);
Bytes EncodeProgress(const artifacts::Checkpoint& checkpoint);
Bytes EncodeDivergence(std::uint64_t event);
// What a worker shows of a run to a spectator at the other end.
Bytes EncodeSight(const Sight& sight);
// Null: it is something else that is told.
std::optional<Result<Sight>> DecodeSight(ByteView bytes);
// Adds it to what is known of that run.
Status AbsorbProgress(ByteView bytes, RunReport& report);

Bytes EncodeReport(const RunReport& report);
Result<RunReport> DecodeReport(ByteView bytes);

}  // namespace beach::sim::sweep
