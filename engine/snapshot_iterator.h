// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "engine/iterator.h"
#include "engine/key_range.h"
#include "engine/range_cover.h"
#include "engine/tables/stored_key.h"
#include "engine/types.h"

namespace beach::engine {

// Over the user keys of `keys` that are in `range`: for each the newest version as of `cover`,
// tombstones left out, what its range deletes hide, and what has expired at `time`. `internal` is
// over internal keys, and is not asked for more than one entry on either side of the range.
// `pinned` is kept alive as long as the iterator: what the source reads from.
std::unique_ptr<Iterator> NewSnapshotIterator(std::unique_ptr<Iterator> internal, RangeCover cover,
                                              std::uint64_t time, KeyRange range,
                                              std::shared_ptr<const void> pinned,
                                              const KeySpace& keys = {});

}  // namespace beach::engine
