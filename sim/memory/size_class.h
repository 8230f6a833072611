// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace beach::sim::memory {

// Block sizes of an arena: every 16 bytes up to 1 KiB, then four per doubling, which wastes at most
// a quarter.
inline constexpr std::size_t kSmallMax = 1024;
inline constexpr std::uint32_t kSmallClasses = kSmallMax / 16;     // 0 .. 63
inline constexpr std::uint32_t kClasses = kSmallClasses + 4 * 20;  // up to 1 GiB

constexpr std::uint32_t SizeClass(std::size_t size) {
  if (size == 0) return 0;
  if (size <= kSmallMax) return static_cast<std::uint32_t>((size - 1) / 16);
  const auto doubling = static_cast<std::uint32_t>(std::bit_width(size - 1)) - 11;
  const auto quarter = static_cast<std::uint32_t>(((size - 1) >> (doubling + 8)) & 3);
  return kSmallClasses + doubling * 4 + quarter;
}

constexpr std::size_t ClassSize(std::uint32_t size_class) {
  if (size_class < kSmallClasses) return (std::size_t{size_class} + 1) * 16;
  const std::uint32_t doubling = (size_class - kSmallClasses) / 4;
  const std::uint32_t quarter = (size_class - kSmallClasses) % 4;
  return (std::size_t{5} + quarter) << (doubling + 8);
}

static_assert(ClassSize(SizeClass(1024)) == 1024);
static_assert(ClassSize(SizeClass(1025)) == 1280);
static_assert(ClassSize(SizeClass(1280)) == 1280);
static_assert(ClassSize(SizeClass(1281)) == 1536);
static_assert(ClassSize(SizeClass(2048)) == 2048);
static_assert(ClassSize(SizeClass(2049)) == 2560);

}  // namespace beach::sim::memory
