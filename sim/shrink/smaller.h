// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace beach::sim::shrink {

// To try instead of `value`, the smallest first.
std::vector<std::uint64_t> SmallerNumbers(std::uint64_t value);

// To try instead of `argument`: smaller numbers if it is one, else shorter texts.
std::vector<std::string> SimplerArguments(const std::string& argument);

}  // namespace beach::sim::shrink
