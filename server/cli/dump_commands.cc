// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/dump.h"
#include "engine/sst/dump.h"
#include "server/cli/commands.h"

namespace beach::server {
namespace {

using Print = std::function<void(std::string_view)>;
using Dump = std::function<Status(const std::string& path, const Print& print)>;

struct Arguments {
  std::string path;
  bool entries = false;
  bool json = false;
};

ExitCode RunDump(const Arguments& arguments, const Dump& dump) {
  nlohmann::json lines = nlohmann::json::array();
  const Status status = dump(arguments.path, [&](std::string_view line) {
    if (arguments.json) {
      lines.push_back(line);
    } else {
      fmt::print("{}\n", line);
    }
  });
  if (arguments.json) {
    nlohmann::json document = {{"path", arguments.path}, {"lines", std::move(lines)}};
    document["error"] = nullptr;
    if (!status) document["error"] = status.error().ToString();
    fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  if (status) return ExitCode::kFine;
  fmt::print(stderr, "beachdb: {}\n", status.error().ToString());
  return ExitCodeOfInspecting(status.error(), arguments.path);
}

std::shared_ptr<Arguments> AddDump(CLI::App& app, const char* name, const char* help,
                                   const char* path_name, Run& run, CLI::App*& command,
                                   std::function<Dump(const Arguments&)> make) {
  auto arguments = std::make_shared<Arguments>();
  command = app.add_subcommand(name, help);
  command->add_option(path_name, arguments->path)->required();
  command->add_flag("--json", arguments->json, "One JSON document: path, lines, error");
  command->callback([&run, arguments, make] {
    run = [arguments, make] { return RunDump(*arguments, make(*arguments)); };
  });
  return arguments;
}

}  // namespace

void AddDumpCommands(CLI::App& app, const env::Env& env, Run& run) {
  env::FileSystem& files = *env.files;
  CLI::App* command = nullptr;
  AddDump(app, "wal-dump", "Print a log segment: every item, and where it ends", "FILE", run,
          command, [&files](const Arguments&) -> Dump {
            return [&files](const std::string& path, const Print& print) {
              return engine::DumpLogSegment(files, path, print);
            };
          });
  command->footer("Example: beachdb wal-dump /tmp/db/000002.wal");

  const auto table = AddDump(app, "sst-dump", "Print a table: footer, properties, blocks", "FILE",
                             run, command, [&files](const Arguments& arguments) -> Dump {
                               return [&files, entries = arguments.entries](const std::string& path,
                                                                            const Print& print) {
                                 return engine::sst::DumpTable(files, path, entries, print);
                               };
                             });
  command->add_flag("--entries", table->entries, "Print every entry too");
  command->footer("Example: beachdb sst-dump /tmp/db/000005.sst --entries");

  AddDump(app, "manifest-dump", "Print the manifest that CURRENT names, edit by edit", "DIR", run,
          command, [&files](const Arguments&) -> Dump {
            return [&files](const std::string& path, const Print& print) {
              return engine::DumpManifest(files, path, print);
            };
          });
  command->footer("Example: beachdb manifest-dump /tmp/db");
}

}  // namespace beach::server
