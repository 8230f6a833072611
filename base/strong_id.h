// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

namespace beach {

// A number with a meaning: two ids of different meanings neither mix nor compare. Tag is any
// (incomplete) type that names the meaning. The zero value is `StrongId{}`; what zero means is
// stated where the id is defined.
template <class Tag, class T = std::uint64_t>
struct StrongId {
  T value{};

  constexpr StrongId() = default;
  constexpr explicit StrongId(T v) : value(v) {}

  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;

  // The id that follows this one. REQUIRES: not the greatest value of T.
  [[nodiscard]] constexpr StrongId Next() const { return StrongId(static_cast<T>(value + 1)); }
};

}  // namespace beach
