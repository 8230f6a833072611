// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace beach::engine {

// How a memtable keeps its entries; what reads show is the same. engine/memtable/README.md says
// where each wins. Values are never renumbered: artifacts have them.
enum class MemtableKind : std::uint8_t {
  kSkipList = 0,  // several threads may add at once
  kBTree = 1,     // the fastest to fill in any order, and to scan
  kHash = 2,      // the fastest gets; each cursor, and the flush, sort all keys first
};
inline constexpr std::uint64_t kMemtableKinds = 3;

}  // namespace beach::engine
