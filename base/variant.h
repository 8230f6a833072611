// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <type_traits>
#include <variant>

#include "base/check.h"

// What std::visit and std::get do, without the exceptions that they bring along.

namespace beach {

// Calls `call` with what the variant holds; it returns the same type for each.
template <std::size_t kKind = 0, class Call, class Variant>
auto Visit(Call&& call, Variant& variant) -> decltype(call(*std::get_if<0>(&variant))) {
  if constexpr (kKind + 1 < std::variant_size_v<std::remove_const_t<Variant>>) {
    if (variant.index() != kKind) return Visit<kKind + 1>(call, variant);
  }
  auto* const held = std::get_if<kKind>(&variant);
  BEACH_CHECK(held != nullptr);
  return call(*held);
}

// REQUIRES: it holds one.
template <class Kind, class Variant>
auto& As(Variant& variant) {
  auto* const held = std::get_if<Kind>(&variant);
  BEACH_CHECK(held != nullptr);
  return *held;
}

}  // namespace beach
