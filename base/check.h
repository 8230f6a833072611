// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Invariant checks, on in production. A failed check is a bug of ours, never bad input: it prints
// file, line, expression and values to stderr and aborts the process, because to go on with a
// broken invariant is to write damage to disk. One condition each; operands are evaluated once.

namespace beach::internal {

[[noreturn, gnu::cold]] void CheckFailed(const char* file, int line, const char* expression);
[[noreturn, gnu::cold]] void CheckFailed(const char* file, int line, const char* expression,
                                         std::uint64_t left, std::uint64_t right);

}  // namespace beach::internal

#define BEACH_CHECK(condition)                                        \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::beach::internal::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (0)

// Compare two integers (or enumerators); both values are printed on failure.
#define BEACH_CHECK_OP_(left, op, right)                                           \
  do {                                                                             \
    const auto beach_left_ = (left);                                               \
    const auto beach_right_ = (right);                                             \
    if (!(beach_left_ op beach_right_)) [[unlikely]]                               \
      ::beach::internal::CheckFailed(__FILE__, __LINE__, #left " " #op " " #right, \
                                     static_cast<std::uint64_t>(beach_left_),      \
                                     static_cast<std::uint64_t>(beach_right_));    \
  } while (0)

#define BEACH_CHECK_EQ(left, right) BEACH_CHECK_OP_(left, ==, right)
#define BEACH_CHECK_NE(left, right) BEACH_CHECK_OP_(left, !=, right)
#define BEACH_CHECK_LT(left, right) BEACH_CHECK_OP_(left, <, right)
#define BEACH_CHECK_LE(left, right) BEACH_CHECK_OP_(left, <=, right)
#define BEACH_CHECK_GT(left, right) BEACH_CHECK_OP_(left, >, right)
#define BEACH_CHECK_GE(left, right) BEACH_CHECK_OP_(left, >=, right)
