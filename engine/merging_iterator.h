// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "engine/iterator.h"

namespace beach::engine {

// All entries of its sources, over internal keys in internal-key order, both ways. An error of any
// source makes it invalid with that error.
std::unique_ptr<Iterator> NewMergingIterator(std::vector<std::unique_ptr<Iterator>> sources);

}  // namespace beach::engine
