// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command_line/command.h"

namespace beach::bench {

// `sim`: how fast simulated runs are on one core.
void AddSim(command_line::Command root);

}  // namespace beach::bench
