// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "server/command/command.h"

// How clients say when something expires.

namespace beach::server {

inline constexpr const char* kNoInteger = "ERR value is not an integer or out of range";

struct ExpiryUnit {
  bool milliseconds = false;  // else seconds
  bool since_1970 = false;    // else from now on
};

std::optional<std::int64_t> IntegerIn(ByteView text);
// EX, PX, EXAT, PXAT.
std::optional<ExpiryUnit> ExpiryUnitOf(ByteView word);
// Of a time that is above 0. The error is the reply.
std::expected<void, std::string> SetExpiry(Operation& operation, ExpiryUnit unit, ByteView number,
                                           ByteView command_name);
// The same of any time: one that has been is as good as now.
std::expected<void, std::string> SetAnyExpiry(Operation& operation, ExpiryUnit unit,
                                              ByteView number, ByteView command_name);

}  // namespace beach::server
