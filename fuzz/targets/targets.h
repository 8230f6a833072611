// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/target.h"

namespace beach::fuzz {

// One object a target, so that a binary links those parts of the database that its target reads.
#define BEACH_FUZZ_TARGET(name) extern const Target name##_target;
#include "fuzz/targets.inc"
#undef BEACH_FUZZ_TARGET

}  // namespace beach::fuzz
