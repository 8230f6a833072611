// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace beach::internal {
namespace {

[[noreturn]] void Die(const char* text, int length) {
  // One write(2), no stdio buffer: the process may be in any state.
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, text, static_cast<std::size_t>(length < 0 ? 0 : length));
  std::abort();
}

}  // namespace

void CheckFailed(const char* file, int line, const char* expression) {
  char text[512];
  int length =
      std::snprintf(text, sizeof text, "%s:%d: check failed: %s\n", file, line, expression);
  if (length > static_cast<int>(sizeof text)) length = static_cast<int>(sizeof text);
  Die(text, length);
}

void CheckFailed(const char* file, int line, const char* expression, std::uint64_t left,
                 std::uint64_t right) {
  char text[512];
  int length = std::snprintf(text, sizeof text,
                             "%s:%d: check failed: %s (left %" PRIu64 ", right %" PRIu64 ")\n",
                             file, line, expression, left, right);
  if (length > static_cast<int>(sizeof text)) length = static_cast<int>(sizeof text);
  Die(text, length);
}

}  // namespace beach::internal
