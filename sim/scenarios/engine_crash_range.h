// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/iterator.h"
#include "oracle/model.h"

namespace beach::sim::scenarios::engine_crash {

// All of the range in ascending order, read in the direction asked for. An error ends it: what was
// read so far proves nothing.
Result<std::vector<oracle::KeyValue>> ReadRange(engine::Iterator& iterator,
                                                const oracle::KeyRange& range, bool backward);

// Turns round at an entry of what ReadRange gave for a range without an end: seeks, a step back,
// two ahead, one back; each costs a seek in every table. Which entry follows from `pick`: the first
// and the last are more likely than others. One sentence on the first position that is not where
// the entries have it; empty: all are.
Result<std::string> CheckTurns(engine::Iterator& iterator,
                               const std::vector<oracle::KeyValue>& entries, std::uint64_t pick);

}  // namespace beach::sim::scenarios::engine_crash
