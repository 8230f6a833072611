// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
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
  std::string to;
  bool has_to = false;
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
    if (arguments.has_to && entry.key() >= arguments.to) break;
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

void AddClientCommand(CLI::App& app, const env::Env& env, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const client = app.add_subcommand("cli", "Read and write a database");
  client->add_option("--data", arguments->directory, "Directory of a closed database")->required();
  client->add_flag("--json", arguments->json, "JSON, one object a line");
  client->require_subcommand(1);
  client->fallthrough();
  client->footer(
      "Examples:\n"
      "  beachdb cli --data /tmp/db put colour blue\n"
      "  beachdb cli --data /tmp/db get colour\n"
      "  beachdb cli --data /tmp/db scan a m --json");

  const auto on = [&run, &env, arguments](CLI::App* command, bool create, Operation operation) {
    command->callback([&run, &env, arguments, create, operation] {
      run = [&env, arguments, create, operation] {
        return RunOperation(env, *arguments, create, operation);
      };
    });
  };

  CLI::App* const put = client->add_subcommand("put", "Write a value, creating the database");
  put->add_option("KEY", arguments->key)->required();
  put->add_option("VALUE", arguments->value)->required();
  on(put, true, [](Db& db, const Arguments& a) { return Written(db.Put({}, a.key, a.value), a); });

  CLI::App* const get = client->add_subcommand("get", "Print a value; exit 6 when there is none");
  get->add_option("KEY", arguments->key)->required();
  on(get, false, Get);

  CLI::App* const del = client->add_subcommand("del", "Delete a key, present or not");
  del->add_option("KEY", arguments->key)->required();
  on(del, false, [](Db& db, const Arguments& a) { return Written(db.Delete({}, a.key), a); });

  CLI::App* const scan = client->add_subcommand("scan", "Print keys and values in order");
  scan->add_option("FROM", arguments->from, "First key, included");
  CLI::Option* const to = scan->add_option("TO", arguments->to, "Last key, not included");
  on(scan, false, [to](Db& db, const Arguments& a) {
    Arguments bounded = a;
    bounded.has_to = to->count() > 0;
    return Scan(db, bounded);
  });
}

}  // namespace beach::server
