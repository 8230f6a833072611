// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command_line/command.h"

namespace beach::crash {

// Each declares a command of `beachcrash`. Exit codes: 0 fine, 1 the awaited did not come, 2 usage,
// 3 environment. What went wrong goes to stderr.

// mount DIR: the simulator's disk as a file system of this Linux, until it is told to end.
void AddMountCommand(const command_line::Command& root);
// disk SOCKET VERB: takes power from such a disk, gives it back, makes it fail, asks how it is.
void AddDiskCommand(const command_line::Command& root);

}  // namespace beach::crash
