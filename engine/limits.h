// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "engine/options.h"
#include "engine/write_batch.h"

namespace beach::engine {

// kInvalidArgument, naming the field.
Status CheckOptions(const Options& options);

// Rule 1: each key and value, then the batch, which must also fit one log segment.
// kInvalidArgument. REQUIRES: options that pass CheckOptions.
Status CheckBatch(const Options& options, const WriteBatch& batch);

}  // namespace beach::engine
