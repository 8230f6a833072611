// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "base/random.h"
#include "engine/tables/named_table.h"

// Which tables and keys calls are about.

namespace beach::sim::scenarios::named_tables {

inline constexpr std::array kNames = {"a", "b", "c", "dunes", "e.5"};

// Tables as all clients of a process know them: what somebody has dropped since stays, to be used.
// The one without a name comes last.
using Handles = std::array<std::atomic<std::uint64_t>, kNames.size() + 1>;

engine::NamedTable DrawTable(RandomStream& draws, const Handles& handles);

// Keys at the edges of tables and of what is escaped, and some between.
Bytes DrawKey(RandomStream& draws);

}  // namespace beach::sim::scenarios::named_tables
