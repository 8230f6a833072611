// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace beach::server {

// kInvalidArgument: "a limit is a number from 1 to 2^64 - 1, not 'many'".
inline Result<std::uint64_t> ParseCount(const std::string& what, const std::string& text,
                                        std::uint64_t min = 0) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, wrong] = std::from_chars(text.data(), end, number);
  if (wrong == std::errc() && rest == end && number >= min) return number;
  return Fail(ErrorCode::kInvalidArgument, what + " is a number from " + std::to_string(min) +
                                               " to 2^64 - 1, not '" + text + "'");
}

}  // namespace beach::server
