// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "engine/iterator.h"
#include "engine/types.h"

namespace beach::engine {

// All entries of its sources, over internal keys in internal-key order, both ways. An error of any
// source makes it invalid with that error.
std::unique_ptr<Iterator> NewMergingIterator(std::vector<std::unique_ptr<Iterator>> sources);

// Over user keys: for each key the newest version at or below `sequence`, tombstones left out.
// `pinned` is kept alive as long as the iterator: what the source reads from.
std::unique_ptr<Iterator> NewSnapshotIterator(std::unique_ptr<Iterator> internal,
                                              SequenceNumber sequence,
                                              std::shared_ptr<const void> pinned);

}  // namespace beach::engine
