// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "command_line/command.h"
#include "env/env.h"
#include "server/cli/exit_code.h"

namespace beach::server {

// Each Add* declares a command of `beachdb`. With --json stdout holds JSON alone; what went wrong
// goes to stderr.
void AddDumpCommands(command_line::Command root, const env::Env& env);   // {wal,sst,manifest}-dump
void AddVerifyCommand(command_line::Command root, const env::Env& env);  // verify
void AddRepairCommand(command_line::Command root, const env::Env& env);  // repair
void AddBackupCommands(command_line::Command root,
                       const env::Env& env);        // backup, restore, backups, checkpoint, compact
void AddBudgetCommand(command_line::Command root);  // budget
void AddTokenCommand(command_line::Command root);   // token
void AddServeCommand(command_line::Command root, const env::Env& env);    // serve
void AddClusterCommand(command_line::Command root, const env::Env& env);  // cluster
void AddClientCommand(command_line::Command root, const env::Env& env);   // cli --data
void AddLoadCommand(command_line::Command root, const env::Env& env);     // load

}  // namespace beach::server
