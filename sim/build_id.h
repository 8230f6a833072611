// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace beach::sim {

// The build id that the linker gave this program, in hex; "unknown" where it gave none.
std::string BuildId();

}  // namespace beach::sim
