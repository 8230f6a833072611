// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beach::server {

// Lines that a person types, or that a script sends.
class LineInput {
 public:
  virtual ~LineInput() = default;
  virtual bool interactive() const = 0;
  // Without its newline. Nothing: the end of the input.
  virtual std::optional<std::string> Next(const std::string& prompt) = 0;
};

// Standard input. Where it and standard output are terminals: with editing, completion of a line's
// first word out of `names`, and a history that is kept in the file BEACHDB_HISTORY, by default
// ~/.beachdb_history; an empty one keeps none. At most one lives at a time.
std::unique_ptr<LineInput> OpenLineInput(std::vector<std::string> names);

}  // namespace beach::server
