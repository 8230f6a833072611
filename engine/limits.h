// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "engine/conditions.h"
#include "engine/options.h"
#include "engine/write_batch.h"

namespace beach::engine {

// A field of Options, what it is, and what it may be given the others. Numbers stand for
// enumerators.
struct OptionLimit {
  const char* name;
  std::uint64_t value;
  std::uint64_t least;
  std::uint64_t most;
};
std::vector<OptionLimit> LimitsOf(const Options& options);

// kInvalidArgument, naming the field.
Status CheckOptions(const Options& options);

// Rule 1: each key and value, then the batch, which must also fit one log segment.
// kInvalidArgument. REQUIRES: options that pass CheckOptions.
Status CheckBatch(const Options& options, const WriteBatch& batch);

// Rule 21: how many, each key, and all keys and values together. kInvalidArgument.
Status CheckConditions(const Options& options, const WriteConditions& conditions);

}  // namespace beach::engine
