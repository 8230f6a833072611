// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "env/env.h"
#include "server/cli/exit_code.h"

namespace beach::server {

// Each Add* declares a command of `beachdb` on `app`; the one that was given sets `run`. With
// --json stdout holds JSON alone; what went wrong goes to stderr.
using Run = std::function<ExitCode()>;

void AddDumpCommands(CLI::App& app, const env::Env& env, Run& run);   // {wal,sst,manifest}-dump
void AddVerifyCommand(CLI::App& app, const env::Env& env, Run& run);  // verify
void AddClientCommand(CLI::App& app, const env::Env& env, Run& run);  // cli --data

}  // namespace beach::server
