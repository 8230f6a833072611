// SPDX-License-Identifier: Apache-2.0
#include "crash/points/points.h"

#include <algorithm>

namespace beach::crash {
namespace {

#define BEACH_POINT(name, kind, file, text) {name, kind, file, text},
constexpr Point kPoints[] = {
#include "crash/points.inc"
};
#undef BEACH_POINT

}  // namespace

std::span<const Point> Points() { return kPoints; }

const Point* FindPoint(std::string_view name) {
  const auto* const found = std::ranges::lower_bound(kPoints, name, {}, &Point::name);
  return found != std::end(kPoints) && found->name == name ? found : nullptr;
}

}  // namespace beach::crash
