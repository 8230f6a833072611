// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace beach {

// "4096", "64K", "256M", "4G", "1T": powers of 1024, in bytes. kInvalidArgument, also for what does
// not fit 64 bits.
Result<std::uint64_t> ParseSize(const std::string& text);
// "60" and "60s", "500ms", "20m", "2h": in nanoseconds; at most a year.
Result<std::uint64_t> ParseTime(const std::string& text);

}  // namespace beach
