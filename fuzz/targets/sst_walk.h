// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "engine/iterator.h"

namespace beach::fuzz {

using Entries = std::vector<std::pair<Bytes, Bytes>>;  // internal key, value

// All entries from the first on, or from the last back. Damage ends either; more than `count_max`
// steps are a failed check.
Entries WalkForward(engine::Iterator& iterator, std::size_t count_max);
Entries WalkBack(engine::Iterator& iterator, std::size_t count_max);

bool StrictlyAscending(const Entries& entries);

// Entries are all that the iterator has, in order: it walks both ways, and seeks to each of them
// and between them.
void CheckIteratorAgrees(engine::Iterator& iterator, const Entries& entries);

}  // namespace beach::fuzz
