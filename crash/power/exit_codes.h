// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace beach::crash {

// Of the commands of this folder.
inline constexpr int kExitFine = 0;
inline constexpr int kExitNotMet = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitEnvironment = 3;

}  // namespace beach::crash
