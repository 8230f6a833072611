// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/sweep/death.h"

namespace beach::sim::sweep {

// What the OS added to this program's addresses when it was loaded.
std::uint64_t LoadOffset();

// Turns code addresses of this program (and of workers forked from it) into functions and lines, by
// way of addr2line. Remembers what it has looked up. Without addr2line, functions stay unnamed.
class OsSymbolizer {
 public:
  // One frame list for each stack, innermost first; inlined functions are frames too.
  std::vector<Stack> Symbolize(const std::vector<std::vector<std::uint64_t>>& stacks);

 private:
  void LookUp(const std::vector<std::uint64_t>& addresses);

  std::map<std::uint64_t, Stack> known_;
};

}  // namespace beach::sim::sweep
