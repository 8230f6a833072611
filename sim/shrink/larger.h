// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "sim/shrink/candidate.h"

namespace beach::sim::shrink {

// The last of its numbers, which is a size where there is one, grows by so many disk blocks: what
// follows stands where it stood when each of those that are gone had written one.
void TakeOver(artifacts::Operation& operation, std::size_t gone);

// Without operations [begin, end), and those left do more: the one before, the one after, all (the
// last form). REQUIRES: begin < end <= the number of operations.
std::vector<Candidate> WithLarger(const Candidate& candidate, std::size_t begin, std::size_t end);

}  // namespace beach::sim::shrink
