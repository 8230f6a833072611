// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command_line/command.h"

// The commands of beachcrash. Each reads the real machine and prints; one thread.

namespace beach::crash {

void AddRunCommand(const command_line::Command& root);
void AddReplayCommand(const command_line::Command& root);
void AddShrinkCommand(const command_line::Command& root);
void AddPointsCommand(const command_line::Command& root);
void AddWorkerCommand(const command_line::Command& root);

}  // namespace beach::crash
