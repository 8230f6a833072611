// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/shrink/candidate.h"

// Options that come in numbers, known by their names alone: "life12.early0.calls" is of "life" 12,
// and of "life12.early" 0.

namespace beach::sim::shrink {

// One of such a list.
struct Numbered {
  std::string before;  // of the name, up to the number: "life"
  std::uint64_t number = 0;
  friend auto operator<=>(const Numbered&, const Numbered&) = default;
};

// Whether an option of that name is of such a list.
bool IsNumbered(const std::string& option);

// In ascending order, each once.
std::vector<Numbered> AllNumbered(const Candidate& candidate);

// Without its options: those behind it move up, and the option that counts them says one less. The
// operations of a life go with it.
Candidate WithoutNumbered(const Candidate& candidate, const Numbered& gone);

}  // namespace beach::sim::shrink
