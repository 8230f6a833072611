// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "engine/db.h"
#include "server/cli/command_shape.h"
#include "server/cli/exit_code.h"
#include "server/cli/rows.h"

// What `beachdb cli --data` can do to a database, in one shot and at its prompt.

namespace beach::server {

struct StoreSession {
  engine::Db& db;
  OutputForm form = OutputForm::kTable;
  engine::NamedTable table = {};  // whose keys are meant
  std::string table_name = {};    // "": that of the one without
};

// kNotFound; "" is the table without a name.
Status UseTable(StoreSession& session, const std::string& name);

struct StoreCommand {
  CommandShape shape;
  bool creates;  // makes a database where there is none
  // Prints what it found to stdout and what went wrong to stderr.
  ExitCode (*run)(StoreSession& session, const Given& given);
};

std::span<const StoreCommand> StoreCommands();

}  // namespace beach::server
