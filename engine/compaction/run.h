// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/compaction/merge.h"
#include "engine/compaction/outputs.h"
#include "engine/compaction/picker.h"

namespace beach::engine {

// Why a job was not done, by what follows from it.
enum class CompactionFailure : std::uint8_t {
  kNone,
  kReading,  // an input
  kWriting,  // an output
  kGivenUp,  // it was asked to
};

struct CompactionOutcome {
  CompactionFailure failure = CompactionFailure::kNone;
  Status status;
  MergeIterator::Counts counts;
};

// Merges the inputs of a job into `outputs`, and makes these durable. Asks `go_on` before each
// entry, with the bytes of outputs that were written so far; false: the job is given up. No lock of
// the caller's is held.
CompactionOutcome RunCompaction(const Version& version, const CompactionJob& job,
                                const KeepRules& rules, OutputTables& outputs,
                                const std::function<bool(std::uint64_t)>& go_on);

}  // namespace beach::engine
