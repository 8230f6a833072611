// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "server/cli/command_shape.h"
#include "server/cli/exit_code.h"
#include "server/cli/remote_session.h"

// What `beachdb cli --connect` can ask a cluster for, in one shot and at its prompt.

namespace beach::server {

struct RemoteCommand {
  CommandShape shape;
  // Prints what it found to stdout and what went wrong to stderr.
  ExitCode (*run)(RemoteSession& session, const Given& given);
};
std::span<const RemoteCommand> RemoteCommands();

// Those for operators, in remote_operations.cc.
ExitCode RunStatus(RemoteSession& session, const Given& given);
ExitCode RunMembers(RemoteSession& session, const Given& given);
ExitCode RunMember(RemoteSession& session, const Given& given);
ExitCode RunTransfer(RemoteSession& session, const Given& given);
// In remote_watch.cc.
ExitCode RunWatch(RemoteSession& session, const Given& given);

}  // namespace beach::server
