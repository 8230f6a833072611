// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace beach::engine {

// Names a table for good: never given again, whatever is dropped. 0 is the table without a name.
using TableNumber = StrongId<struct TableNumberTag>;
inline constexpr TableNumber kTableNumberMax{(std::uint64_t{1} << 56) - 1};

// One of the key spaces of a database: what it is given as `{}` is the table without a name, which
// is always there. Others come from Db::CreateTable and Db::OpenTable. A value; good for the life
// of the database, other handles included, until the table is dropped: from then on kNotFound,
// also when another table has the name.
struct NamedTable {
  TableNumber number;

  friend constexpr bool operator==(const NamedTable&, const NamedTable&) = default;
};

}  // namespace beach::engine
