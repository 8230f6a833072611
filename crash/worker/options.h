// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "engine/options.h"

namespace beach::crash {

// Options of the database by the names of their fields; those that are not named stay as they are.
using NamedOptions = std::map<std::string, std::uint64_t>;

// kInvalidArgument: there is none of that name, or it cannot be set by a number.
Result<engine::Options> MakeOptions(const NamedOptions& named);

}  // namespace beach::crash
