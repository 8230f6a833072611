// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/db.h"
#include "server/cli/exit_code.h"

// What `beachdb cli` can do to a database, in one shot and at its prompt.

namespace beach::server {

struct StoreSession {
  engine::Db& db;
  bool json = false;              // one object a line
  engine::NamedTable table = {};  // whose keys are meant
  std::string table_name = {};    // "": that of the one without
};

// kNotFound; "" is the table without a name.
Status UseTable(StoreSession& session, const std::string& name);

struct StoreCommand {
  const char* name;
  const char* takes;  // "KEY VALUE"; "[FROM] [TO]" need not be there
  bool creates;       // makes a database where there is none
  const char* help;
  // Prints what it found to stdout and what went wrong to stderr.
  ExitCode (*run)(StoreSession& session, std::span<const std::string> words);

  struct Word {
    std::string name;
    bool optional = false;
  };
  std::vector<Word> words() const;
};

std::span<const StoreCommand> StoreCommands();

}  // namespace beach::server
