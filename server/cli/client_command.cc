// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/db.h"
#include "server/cli/commands.h"
#include "server/cli/line_input.h"
#include "server/cli/store_commands.h"
#include "server/cli/words.h"

namespace beach::server {
namespace {

using engine::Db;

struct Arguments {
  std::string directory;
  bool json = false;
  bool create = false;
  std::string table;
  bool read_only = false;
};

// Opens, lets `use` have it, and closes.
ExitCode WithDatabase(const env::Env& env, const Arguments& arguments, bool create,
                      const std::function<ExitCode(StoreSession&)>& use) {
  engine::Options options;
  options.create_if_missing = create;
  // Each call opens the database, which makes a segment: a small one is made sooner.
  options.wal_segment_size = 8 * engine::kMiB;
  options.batch_size_max = 5 * engine::kMiB;
  auto db = arguments.read_only ? Db::OpenReadOnly(env, arguments.directory, options)
                                : Db::Open(env, arguments.directory, options);
  if (!db) {
    fmt::print(stderr, "beachdb: {}\n", db.error().ToString());
    return ExitCodeOfOpening(db.error());
  }
  StoreSession session{.db = **db, .json = arguments.json};
  ExitCode code = ExitCode::kFine;
  if (const Status found = UseTable(session, arguments.table); found) {
    code = use(session);
  } else {
    fmt::print(stderr, "beachdb: {}\n", found.error().ToString());
    code = ExitCodeOfUsing(found.error());
  }
  const Status closed = (*db)->Close();
  if (closed || code != ExitCode::kFine) return code;
  fmt::print(stderr, "beachdb: {}\n", closed.error().ToString());
  return ExitCodeOfUsing(closed.error());
}

std::string Usage(const StoreCommand& command) {
  return command.takes[0] == '\0' ? command.name
                                  : fmt::format("{} {}", command.name, command.takes);
}

void PrintHelp() {
  for (const StoreCommand& command : StoreCommands()) {
    fmt::print("{:<22} {}\n", Usage(command), command.help);
  }
  fmt::print("{:<22} {}\n", "help", "Print this");
  fmt::print("{:<22} {}\n", "exit", "Close the database and end; so does the end of the input");
  fmt::print("Quote words with blanks: put colour 'dark blue'. Any bytes: get \"\\x00\\xff\".\n");
}

ExitCode UsageError(const std::string& message) {
  fmt::print(stderr, "beachdb: {}\n", message);
  return ExitCode::kUsage;
}

ExitCode RunWords(StoreSession& session, std::span<const std::string> words) {
  if (words[0] == "help") {
    PrintHelp();
    return ExitCode::kFine;
  }
  for (const StoreCommand& command : StoreCommands()) {
    if (words[0] != command.name) continue;
    const auto takes = command.words();
    const auto must =
        static_cast<std::size_t>(std::ranges::count(takes, false, &StoreCommand::Word::optional));
    const std::size_t given = words.size() - 1;
    if (given < must || given > takes.size()) return UsageError("usage: " + Usage(command));
    return command.run(session, words.subspan(1));
  }
  return UsageError("there is no command '" + words[0] + "'; try: help");
}

// A person goes on after a mistake; a script ends at it, but for a key that is absent.
ExitCode Converse(StoreSession& session, LineInput& input, const std::string& directory) {
  std::uint64_t number = 0;
  const auto prompt = [&] {
    return directory + (session.table_name.empty() ? "" : ":" + session.table_name) + "> ";
  };
  while (const auto line = input.Next(prompt())) {
    ++number;
    const auto words = SplitWords(*line);
    ExitCode code = ExitCode::kFine;
    if (!words) {
      code = UsageError(words.error().ToString());
    } else if (!words->empty()) {
      if (words->front() == "exit" || words->front() == "quit") break;
      code = RunWords(session, *words);
    }
    std::fflush(stdout);
    if (code == ExitCode::kFine || code == ExitCode::kKeyAbsent || input.interactive()) continue;
    fmt::print(stderr, "beachdb: stopped at line {}\n", number);
    return code;
  }
  return ExitCode::kFine;
}

ExitCode RunPrompt(const env::Env& env, const Arguments& arguments) {
  std::vector<std::string> names = {"exit", "help"};
  for (const StoreCommand& command : StoreCommands()) names.emplace_back(command.name);
  const auto input = OpenLineInput(std::move(names));
  return WithDatabase(env, arguments, arguments.create, [&](StoreSession& session) {
    if (input->interactive()) fmt::print("Open. Type help for what can be said.\n");
    return Converse(session, *input, arguments.directory);
  });
}

void AddOneShot(const command_line::Command& client, const env::Env& env,
                const std::shared_ptr<Arguments>& arguments, const StoreCommand& command) {
  using command_line::Need;
  const command_line::Command one = client.Add(command.name, command.help);
  const auto takes = command.words();
  // One slot for each word: those at the end that are not given stay empty.
  const auto given = std::make_shared<std::vector<std::optional<std::string>>>(takes.size());
  for (std::size_t i = 0; i < takes.size(); ++i) {
    one.Text(takes[i].name, (*given)[i], "", takes[i].optional ? Need::kOptional : Need::kRequired);
  }
  one.Does([&env, &command, arguments, given] {
    std::vector<std::string> words;
    for (const auto& word : *given) {
      if (word) words.push_back(*word);
    }
    return static_cast<int>(
        WithDatabase(env, *arguments, command.creates || arguments->create,
                     [&](StoreSession& session) { return command.run(session, words); }));
  });
}

}  // namespace

void AddClientCommand(command_line::Command root, const env::Env& env) {
  using command_line::Command;
  auto arguments = std::make_shared<Arguments>();
  const Command client = root.Add(
      "cli", "Read and write a database: one command, or as many as are typed or piped in");
  client.Text("--data", arguments->directory, "Directory of a closed database",
              command_line::Need::kRequired);
  client.Flag("--json", arguments->json, "JSON, one object a line");
  client.Flag("--create", arguments->create, "Make the database where there is none");
  client.Text("--table", arguments->table, "The table whose keys are meant");
  client.Flag("--read-only", arguments->read_only, "Write nothing at all to the directory");
  client.TakesCommand();
  client.Examples(
      "Examples:\n"
      "  beachdb cli --data /tmp/db\n"
      "  beachdb cli --data /tmp/db put colour blue\n"
      "  beachdb cli --data /tmp/db get colour\n"
      "  beachdb cli --data /tmp/db scan a m --json\n"
      "  printf 'put a 1\\nget a\\n' | beachdb cli --data /tmp/db --create");
  client.Does([&env, arguments] { return static_cast<int>(RunPrompt(env, *arguments)); });
  for (const StoreCommand& command : StoreCommands()) AddOneShot(client, env, arguments, command);
}

}  // namespace beach::server
