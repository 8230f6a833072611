// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/db.h"
#include "server/cli/commands.h"

namespace beach::server {
namespace {

using engine::Db;

struct Arguments {
  std::string directory;
  bool json = false;
  std::string key;
  std::string value;
  std::string from;
  std::optional<std::string> to;
};

ExitCode Failed(const Error& error) {
  fmt::print(stderr, "beachdb: {}\n", error.ToString());
  return ExitCodeOfUsing(error);
}

void PrintJson(const nlohmann::json& document) {
  fmt::print("{}\n", document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

ExitCode Written(const Status& status, const Arguments& arguments) {
  if (!status) return Failed(status.error());
  if (arguments.json) PrintJson({{"ok", true}});
  return ExitCode::kFine;
}

ExitCode Get(Db& db, const Arguments& arguments) {
  const auto value = db.Get({}, arguments.key);
  if (!value) return Failed(value.error());
  if (arguments.json) {
    nlohmann::json document = {{"key", arguments.key}};
    document["value"] = nullptr;
    if (*value) document["value"] = **value;
    PrintJson(document);
  } else if (*value) {
    fmt::print("{}\n", **value);
  } else {
    fmt::print(stderr, "beachdb: no such key\n");
  }
  return *value ? ExitCode::kFine : ExitCode::kKeyAbsent;
}

// From FROM, included, to TO, not included.
ExitCode Scan(Db& db, const Arguments& arguments) {
  const auto iterator = db.NewIterator({});
  if (!iterator) return Failed(iterator.error());
  engine::Iterator& entry = **iterator;
  for (entry.Seek(arguments.from); entry.Valid(); entry.Next()) {
    if (arguments.to && entry.key() >= *arguments.to) break;
    if (arguments.json) {
      PrintJson({{"key", entry.key()}, {"value", entry.value()}});
    } else {
      fmt::print("{}\t{}\n", entry.key(), entry.value());
    }
  }
  const Status status = entry.status();
  return status ? ExitCode::kFine : Failed(status.error());
}

using Operation = std::function<ExitCode(Db&, const Arguments&)>;

ExitCode RunOperation(const env::Env& env, const Arguments& arguments, bool create,
                      const Operation& operation) {
  engine::Options options;
  options.create_if_missing = create;
  // Each call opens the database, which makes a segment: a small one is made sooner.
  options.wal_segment_size = 8 * engine::kMiB;
  options.batch_size_max = 5 * engine::kMiB;
  auto db = Db::Open(env, arguments.directory, options);
  if (!db) {
    fmt::print(stderr, "beachdb: {}\n", db.error().ToString());
    return ExitCodeOfOpening(db.error());
  }
  const ExitCode code = operation(**db, arguments);
  const Status closed = (*db)->Close();
  if (!closed && code == ExitCode::kFine) return Failed(closed.error());
  return code;
}

}  // namespace

void AddClientCommand(command_line::Command root, const env::Env& env) {
  using command_line::Command;
  using command_line::Need;
  auto arguments = std::make_shared<Arguments>();
  const Command client = root.Add("cli", "Read and write a database");
  client.Text("--data", arguments->directory, "Directory of a closed database", Need::kRequired);
  client.Flag("--json", arguments->json, "JSON, one object a line");
  client.NeedsCommand();
  client.Examples(
      "Examples:\n"
      "  beachdb cli --data /tmp/db put colour blue\n"
      "  beachdb cli --data /tmp/db get colour\n"
      "  beachdb cli --data /tmp/db scan a m --json");

  const auto on = [&env, arguments](const Command& command, bool create, Operation operation) {
    command.Does([&env, arguments, create, operation = std::move(operation)] {
      return static_cast<int>(RunOperation(env, *arguments, create, operation));
    });
  };

  const Command put = client.Add("put", "Write a value, creating the database");
  put.Text("KEY", arguments->key, "", Need::kRequired);
  put.Text("VALUE", arguments->value, "", Need::kRequired);
  on(put, true, [](Db& db, const Arguments& a) { return Written(db.Put({}, a.key, a.value), a); });

  const Command get = client.Add("get", "Print a value; exit 6 when there is none");
  get.Text("KEY", arguments->key, "", Need::kRequired);
  on(get, false, Get);

  const Command del = client.Add("del", "Delete a key, present or not");
  del.Text("KEY", arguments->key, "", Need::kRequired);
  on(del, false, [](Db& db, const Arguments& a) { return Written(db.Delete({}, a.key), a); });

  const Command scan = client.Add("scan", "Print keys and values in order");
  scan.Text("FROM", arguments->from, "First key, included");
  scan.Text("TO", arguments->to, "Last key, not included");
  on(scan, false, Scan);
}

}  // namespace beach::server
