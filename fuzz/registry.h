// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "fuzz/target.h"

namespace beach::fuzz {

std::span<const Target* const> Targets();
// Null for an unknown name.
const Target* FindTarget(std::string_view name);

}  // namespace beach::fuzz
