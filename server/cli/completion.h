// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/cli/command_shape.h"

// What a person who types a command is helped with. Pure.

namespace beach::server {

// What the word that begins with `begun` may become, where `before` is the line up to it: commands,
// a command's options, and words out of a list ("add|remove").
std::vector<std::string> Completions(std::span<const CommandShape> commands,
                                     const std::string& before, const std::string& begun);
// What the command that the line begins with takes, and what it does; "": there is none such.
std::string HintOf(std::span<const CommandShape> commands, const std::string& line);
// The line holds, as it seems, what nobody else is to read later.
bool IsSecret(const std::string& line);

}  // namespace beach::server
