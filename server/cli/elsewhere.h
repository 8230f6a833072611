// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace beach::server {

// What `beachdb cli` talks to.
enum class Place : std::uint8_t { kDirectory, kCluster };

// Where a command is to be had that is not for `here`; "": it is not known anywhere.
std::string WhereElse(Place here, const std::string& command);

}  // namespace beach::server
