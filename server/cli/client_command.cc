// SPDX-License-Identifier: Apache-2.0
// `beachdb cli`: which place is meant, and what is to be done there.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "engine/db.h"
#include "server/cli/access.h"
#include "server/cli/commands.h"
#include "server/cli/elsewhere.h"
#include "server/cli/prompt.h"
#include "server/cli/remote_commands.h"
#include "server/cli/store_commands.h"

namespace beach::server {
namespace {

using engine::Db;

constexpr char kDefaultAddress[] = "127.0.0.1:7700";

struct Arguments {
  std::optional<std::string> addresses;
  std::optional<std::string> directory;
  std::optional<std::string> output;
  bool json = false;
  // Of a directory.
  bool create = false;
  std::optional<std::string> table;
  bool read_only = false;
  // Of a cluster.
  AccessArguments access;
  std::optional<std::string> timeout;
  std::optional<std::string> consistency;

  Place place() const { return directory ? Place::kDirectory : Place::kCluster; }
};

ExitCode UsageError(const std::string& message) {
  fmt::print(stderr, "beachdb: {}\n", message);
  return ExitCode::kUsage;
}

Result<OutputForm> FormOf(const Arguments& arguments) {
  if (!arguments.output) {
    if (arguments.json) return OutputForm::kJson;
    return ::isatty(STDOUT_FILENO) == 1 ? OutputForm::kTable : OutputForm::kRaw;
  }
  BEACH_TRY_ASSIGN(const OutputForm form, ParseOutputForm(*arguments.output));
  if (!arguments.json || form == OutputForm::kJson) return form;
  return Fail(ErrorCode::kInvalidArgument, "--json is not --output " + *arguments.output);
}

Result<Consistency> ParseConsistency(const std::string& text) {
  if (text == "linearizable") return Consistency::kLinearizable;
  if (text == "lease") return Consistency::kLease;
  if (text == "stale") return Consistency::kStale;
  return Fail(ErrorCode::kInvalidArgument,
              "consistency is linearizable, lease or stale, not '" + text + "'");
}

// What is said of one kind of place where the other is meant.
Status CheckPlace(const Arguments& arguments) {
  const auto wrong = [](const char* why) { return Fail(ErrorCode::kInvalidArgument, why); };
  if (arguments.directory && arguments.addresses) return wrong("either --connect or --data");
  if (arguments.directory &&
      (arguments.timeout || arguments.consistency || arguments.access.any())) {
    return wrong("--timeout, --consistency, --user, --token-file and --tls-* are for --connect");
  }
  const bool of_directory = arguments.create || arguments.table || arguments.read_only;
  if (!arguments.directory && of_directory) {
    return wrong("--create, --table and --read-only are for --data");
  }
  return {};
}

Result<RemoteOptions> RemoteOptionsOf(const Arguments& arguments) {
  RemoteOptions options;
  BEACH_TRY_ASSIGN(options.form, FormOf(arguments));
  BEACH_TRY_ASSIGN(options.addresses,
                   ParseAddresses(arguments.addresses.value_or(kDefaultAddress)));
  BEACH_TRY_ASSIGN(options.timeout_ns, ParseTime(arguments.timeout.value_or("5s")));
  BEACH_TRY_ASSIGN(options.consistency,
                   ParseConsistency(arguments.consistency.value_or("linearizable")));
  return options;
}

// Opens, lets `use` have it, and closes.
ExitCode WithDatabase(const env::Env& env, const Arguments& arguments, bool create,
                      const std::function<ExitCode(StoreSession&)>& use) {
  const Result<OutputForm> form = FormOf(arguments);
  if (!form) return UsageError(form.error().message());
  engine::Options options;
  options.create_if_missing = create;
  // Each call opens the database, which makes a segment: a small one is made sooner.
  options.wal_segment_size = 8 * engine::kMiB;
  options.batch_size_max = 5 * engine::kMiB;
  auto db = arguments.read_only ? Db::OpenReadOnly(env, *arguments.directory, options)
                                : Db::Open(env, *arguments.directory, options);
  if (!db) {
    fmt::print(stderr, "beachdb: {}\n", db.error().ToString());
    return ExitCodeOfOpening(db.error());
  }
  StoreSession session{.db = **db, .form = *form};
  ExitCode code = ExitCode::kFine;
  if (const Status found = UseTable(session, arguments.table.value_or("")); found) {
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

ExitCode WithCluster(const env::Env& env, const Arguments& arguments,
                     const std::function<ExitCode(RemoteSession&)>& use) {
  auto options = RemoteOptionsOf(arguments);
  if (!options) return UsageError(options.error().message());
  const auto access = Access::Open(env, arguments.access);
  if (!access) return UsageError(access.error().message());
  options->user = (*access)->user();
  options->token = (*access)->token();
  const auto session = RemoteSession::Open((*access)->env(), *std::move(options));
  if (session) return use(**session);
  fmt::print(stderr, "beachdb: {}\n", session.error().ToString());
  return ExitCode::kEnvironment;
}

template <class Command>
const Command* Find(std::span<const Command> commands, const std::string& name) {
  const auto named = [&](const Command& command) { return name == command.shape.name; };
  const auto found = std::ranges::find_if(commands, named);
  return found == commands.end() ? nullptr : &*found;
}

// What there is of a conversation but for where it is.
template <class Session, class Command>
Conversation ConversationWith(Session& session, std::span<const Command> commands, Place here) {
  Conversation conversation;
  for (const Command& command : commands) conversation.commands.push_back(command.shape);
  conversation.run = [&session, commands](const std::string& name, const Given& given) {
    return Find(commands, name)->run(session, given);
  };
  conversation.elsewhere = [here](const std::string& name) { return WhereElse(here, name); };
  return conversation;
}

// "127.0.0.1:7701 leader 2> ". Who has no answer soon is not waited for.
std::string RemotePrompt(RemoteSession& session) {
  constexpr std::uint64_t kPatienceNs = 500'000'000;
  const auto status = session.client().Status(kPatienceNs);
  const std::string& first = session.options().addresses[0];
  if (!status) return first + " no answer> ";
  const std::string known = AddressOf(*status, status->id);
  const std::string leader = status->leader == wire::NodeNumber{}
                                 ? "no leader"
                                 : fmt::format("leader {}", status->leader.value);
  return fmt::format("{} {}> ", known.empty() ? first : known, leader);
}

ExitCode RunPrompt(const env::Env& env, const Arguments& arguments) {
  if (arguments.place() == Place::kCluster) {
    return WithCluster(env, arguments, [](RemoteSession& session) {
      auto conversation = ConversationWith(session, RemoteCommands(), Place::kCluster);
      conversation.greeting = "Type help for what can be said.";
      conversation.prompt = [&] { return RemotePrompt(session); };
      return Converse(conversation);
    });
  }
  return WithDatabase(env, arguments, arguments.create, [&](StoreSession& session) {
    auto conversation = ConversationWith(session, StoreCommands(), Place::kDirectory);
    conversation.greeting = "Open. Type help for what can be said.";
    conversation.prompt = [&] {
      return *arguments.directory + (session.table_name.empty() ? "" : ":" + session.table_name) +
             "> ";
    };
    return Converse(conversation);
  });
}

ExitCode RunOne(const env::Env& env, const Arguments& arguments, const std::string& name,
                const Given& given) {
  if (arguments.place() == Place::kCluster) {
    const auto* const command = Find(RemoteCommands(), name);
    if (command == nullptr) return UsageError(WhereElse(Place::kCluster, name));
    return WithCluster(env, arguments,
                       [&](RemoteSession& session) { return command->run(session, given); });
  }
  const auto* const command = Find(StoreCommands(), name);
  if (command == nullptr) return UsageError(WhereElse(Place::kDirectory, name));
  return WithDatabase(env, arguments, command->creates || arguments.create,
                      [&](StoreSession& session) { return command->run(session, given); });
}

// What the shell gives to a command. One slot for each word: those at the end that are not given
// stay empty.
struct Slots {
  std::deque<std::optional<std::string>> words;
  std::vector<std::string> rest;                  // of a word that stands for many
  std::deque<std::optional<std::string>> values;  // of options
  std::deque<bool> flags;

  Given given(const std::vector<CommandShape::Option>& options) const {
    Given given;
    for (const auto& word : words) {
      if (word) given.words.push_back(*word);
    }
    given.words.insert(given.words.end(), rest.begin(), rest.end());
    for (std::size_t i = 0; i < options.size(); ++i) {
      if (values[i]) given.options[options[i].name] = *values[i];
      if (flags[i]) given.options[options[i].name] = "";
    }
    return given;
  }
};

void AddOneShot(const command_line::Command& client, const env::Env& env,
                const std::shared_ptr<Arguments>& arguments, const CommandShape& shape,
                const std::string& help) {
  using command_line::Need;
  const command_line::Command one = client.Add(shape.name, help);
  const auto slots = std::make_shared<Slots>();
  for (const CommandShape::Word& word : shape.words()) {
    if (word.many) {
      one.Texts(word.name, slots->rest, "", Need::kRequired);
      continue;
    }
    const bool choice = word.name.find('|') != std::string::npos;
    one.Text(choice ? "ACTION" : word.name, slots->words.emplace_back(), choice ? word.name : "",
             word.optional ? Need::kOptional : Need::kRequired);
  }
  const auto options = shape.option_list();
  for (const CommandShape::Option& option : options) {
    auto& value = slots->values.emplace_back();
    bool& flag = slots->flags.emplace_back(false);
    if (option.value.empty()) {
      one.Flag(option.name, flag, "");
    } else {
      one.Text(option.name, value, option.value);
    }
  }
  one.Does([&env, name = std::string(shape.name), arguments, slots, options] {
    const Status sound = CheckPlace(*arguments);
    if (!sound) return static_cast<int>(UsageError(sound.error().message()));
    return static_cast<int>(RunOne(env, *arguments, name, slots->given(options)));
  });
}

void AddOptions(const command_line::Command& client, const std::shared_ptr<Arguments>& arguments) {
  client.Text("--connect", arguments->addresses,
              "Nodes of a cluster, one or more, as HOST:PORT,...; without --data: " +
                  std::string(kDefaultAddress));
  client.Text("--data", arguments->directory, "Directory of a closed database");
  client.Text("--output", arguments->output,
              "table, raw or json; else table on a terminal, and raw for a pipe");
  client.Flag("--json", arguments->json, "JSON, one object a line");
  client.Text("--timeout", arguments->timeout,
              "How long a command may take, 500ms or 5s; 0: as long as it takes (--connect)");
  client.Text("--consistency", arguments->consistency,
              "Of reads: linearizable, lease or stale (--connect)");
  AddAccessOptions(client, arguments->access);
  client.Flag("--create", arguments->create, "Make the database where there is none (--data)");
  client.Text("--table", arguments->table, "The table whose keys are meant (--data)");
  client.Flag("--read-only", arguments->read_only,
              "Write nothing at all to the directory (--data)");
}

}  // namespace

void AddClientCommand(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command client = root.Add(
      "cli",
      "Read and write a cluster or a closed database: one command, or as many as are typed "
      "or piped in");
  AddOptions(client, arguments);
  client.TakesCommand();
  client.Examples(
      "Examples:\n"
      "  beachdb cli --connect 127.0.0.1:7701,127.0.0.1:7702\n"
      "  beachdb cli --connect 127.0.0.1:7701 put colour blue\n"
      "  beachdb cli --connect 127.0.0.1:7701 status --json\n"
      "  beachdb cli --connect db1:7700 --tls-ca ca.pem --user petrel --token-file petrel.token\n"
      "  beachdb cli --data /tmp/db get colour\n"
      "  beachdb cli --data /tmp/db scan a m --json\n"
      "  printf 'put a 1\\nget a\\n' | beachdb cli --data /tmp/db --create");
  client.Does([&env, arguments] {
    const Status sound = CheckPlace(*arguments);
    if (!sound) return static_cast<int>(UsageError(sound.error().message()));
    return static_cast<int>(RunPrompt(env, *arguments));
  });
  for (const RemoteCommand& command : RemoteCommands()) {
    const bool both = Find(StoreCommands(), command.shape.name) != nullptr;
    AddOneShot(client, env, arguments, command.shape,
               command.shape.help + std::string(both ? "" : " (--connect)"));
  }
  for (const StoreCommand& command : StoreCommands()) {
    if (Find(RemoteCommands(), command.shape.name) != nullptr) continue;
    AddOneShot(client, env, arguments, command.shape,
               command.shape.help + std::string(" (--data)"));
  }
}

}  // namespace beach::server
