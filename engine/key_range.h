// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"

namespace beach::engine {

// The keys from `begin`, included, to `end`, excluded; without `end` to the last one. All of them
// as it is made; none where `end` is not above `begin`.
struct KeyRange {
  Bytes begin;
  std::optional<Bytes> end;

  // The keys that begin with these bytes.
  static KeyRange OfPrefix(ByteView prefix);

  bool Contains(ByteView key) const { return key >= begin && IsBelowEnd(key); }
  bool IsBelowEnd(ByteView key) const { return !end || key < *end; }
};

}  // namespace beach::engine
