// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "server/cli/command_shape.h"
#include "server/cli/exit_code.h"

namespace beach::server {

// A conversation on standard input: with a person at a terminal, or with a script.
struct Conversation {
  std::vector<CommandShape> commands;
  std::function<ExitCode(const std::string& command, const Given& given)> run;
  // What is true now, before each line; for people alone.
  std::function<std::string()> prompt;
  std::string greeting;
  // Of commands that are not to be had here: where they are. "": there is none.
  std::function<std::string(const std::string& command)> elsewhere;
};

// A person goes on after a mistake; a script ends at it, but for a key that is absent.
ExitCode Converse(const Conversation& conversation);

}  // namespace beach::server
