// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Every failpoint that the code has, listed from its sources when it is built
// (tools/failpoints.py).

namespace beach::crash {

enum class PointKind : std::uint8_t {
  kCrash,  // a moment at which the process may die
  kFault,  // a call that may fail
};

struct Point {
  std::string_view name;
  PointKind kind;
  std::string_view file;
  std::string_view text;  // what a crash there leaves, or what fails
};

// By name.
std::span<const Point> Points();
// Null: there is none of that name.
const Point* FindPoint(std::string_view name);

}  // namespace beach::crash
