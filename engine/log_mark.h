// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace beach::engine {

// Where somebody else's log has brought a database to (Options::external_log): the entry that was
// applied last, and what its owner wants to know of that place. The manifest lists it with the
// tables that it is of, in one edit.
struct LogMark {
  std::uint64_t index = 0;  // 0: before the first entry
  Bytes state;              // the owner's own, not looked into; at most kLogMarkStateMax

  friend bool operator==(const LogMark&, const LogMark&) = default;
};
inline constexpr std::size_t kLogMarkStateMax = std::size_t{64} * 1024;

// What a read that waits for nothing came to (Db::TryGet).
struct TryGetResult {
  bool would_block = false;    // a file would have to be read: Get knows
  std::optional<Bytes> value;  // else: as of Get

  friend bool operator==(const TryGetResult&, const TryGetResult&) = default;
};

}  // namespace beach::engine
