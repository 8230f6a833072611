// SPDX-License-Identifier: Apache-2.0
#include "server/cli/prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "server/cli/line_input.h"
#include "server/cli/words.h"

namespace beach::server {
namespace {

constexpr CommandShape kHelpShape = {"help", "", "", "Print this"};
constexpr CommandShape kExitShape = {"exit", "", "",
                                     "Close, and end; so does the end of the input"};

ExitCode UsageError(const std::string& message) {
  fmt::print(stderr, "beachdb: {}\n", message);
  return ExitCode::kUsage;
}

void PrintHelp(const Conversation& conversation) {
  const auto print = [](const CommandShape& command) {
    fmt::print("{}\n    {}\n", command.usage(), command.help);
  };
  for (const CommandShape& command : conversation.commands) print(command);
  print(kHelpShape);
  print(kExitShape);
  fmt::print("Quote words with blanks: put colour 'dark blue'. Any bytes: get \"\\x00\\xff\".\n");
}

ExitCode RunWords(const Conversation& conversation, std::span<const std::string> words) {
  const std::string& name = words[0];
  if (name == "help") {
    PrintHelp(conversation);
    return ExitCode::kFine;
  }
  const auto named = [&](const CommandShape& command) { return name == command.name; };
  const auto command = std::ranges::find_if(conversation.commands, named);
  if (command == conversation.commands.end()) {
    const std::string place = conversation.elsewhere(name);
    if (!place.empty()) return UsageError(place);
    return UsageError("there is no command '" + name + "'; try: help");
  }
  const Result<Given> given = ReadGiven(*command, words.subspan(1));
  if (!given) return UsageError(given.error().message());
  return conversation.run(name, *given);
}

}  // namespace

ExitCode Converse(const Conversation& conversation) {
  std::vector<CommandShape> known = conversation.commands;
  known.insert(known.end(), {kHelpShape, kExitShape});
  const auto input = OpenLineInput(std::move(known));
  if (input->interactive()) fmt::print("{}\n", conversation.greeting);
  for (std::uint64_t number = 1;; ++number) {
    const auto line = input->Next(input->interactive() ? conversation.prompt() : "");
    if (!line) break;
    const auto words = SplitWords(*line);
    ExitCode code = ExitCode::kFine;
    if (!words) {
      code = UsageError(words.error().ToString());
    } else if (!words->empty()) {
      if (words->front() == "exit" || words->front() == "quit") break;
      code = RunWords(conversation, *words);
    }
    std::fflush(stdout);
    if (code == ExitCode::kFine || code == ExitCode::kKeyAbsent || input->interactive()) continue;
    fmt::print(stderr, "beachdb: stopped at line {}\n", number);
    return code;
  }
  return ExitCode::kFine;
}

}  // namespace beach::server
