// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/cli/command_shape.h"

namespace beach::server {

// Lines that a person types, or that a script sends.
class LineInput {
 public:
  virtual ~LineInput() = default;
  virtual bool interactive() const = 0;
  // Without its newline. Nothing: the end of the input.
  virtual std::optional<std::string> Next(const std::string& prompt) = 0;
};

// Standard input. Where it and standard output are terminals: with editing; Tab completes commands,
// their options and choices, and where there is nothing to complete says what the command takes.
// Lines are kept in the file BEACHDB_HISTORY, by default beachdb_history in XDG_STATE_HOME, or
// ~/.beachdb_history; an empty name keeps none. The file is the owner's alone, and has no line that
// seems to hold a secret. At most one lives at a time.
std::unique_ptr<LineInput> OpenLineInput(std::vector<CommandShape> commands);

}  // namespace beach::server
