// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/dump.h"
#include "engine/sst/dump.h"
#include "raft/disk/dump.h"
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

// Declares one; `make` binds the dump to what was given.
std::shared_ptr<Arguments> AddDump(command_line::Command command, const char* path_name,
                                   std::function<Dump(const Arguments&)> make) {
  auto arguments = std::make_shared<Arguments>();
  command.Text(path_name, arguments->path, "What to print", command_line::Need::kRequired);
  command.Flag("--json", arguments->json, "One JSON document: path, lines, error");
  command.Does([arguments, make = std::move(make)] {
    return static_cast<int>(RunDump(*arguments, make(*arguments)));
  });
  return arguments;
}

}  // namespace

void AddDumpCommands(command_line::Command root, const env::Env& env) {
  env::FileSystem& files = *env.files;
  const command_line::Command wal =
      root.Add("wal-dump", "Print a log segment: every item, and where it ends");
  AddDump(wal, "FILE", [&files](const Arguments&) -> Dump {
    return [&files](const std::string& path, const Print& print) {
      return engine::DumpLogSegment(files, path, print);
    };
  });
  wal.Examples("Example: beachdb wal-dump /tmp/db/000002.wal");

  const command_line::Command table =
      root.Add("sst-dump", "Print a table: footer, properties, blocks");
  const auto of_table = AddDump(table, "FILE", [&files](const Arguments& arguments) -> Dump {
    return [&files, entries = arguments.entries](const std::string& path, const Print& print) {
      return engine::sst::DumpTable(files, path, entries, print);
    };
  });
  table.Flag("--entries", of_table->entries, "Print every entry too");
  table.Examples("Example: beachdb sst-dump /tmp/db/000005.sst --entries");

  const command_line::Command manifest =
      root.Add("manifest-dump", "Print the manifest that CURRENT names, edit by edit");
  AddDump(manifest, "DIR", [&files](const Arguments&) -> Dump {
    return [&files](const std::string& path, const Print& print) {
      return engine::DumpManifest(files, path, print);
    };
  });
  manifest.Examples("Example: beachdb manifest-dump /tmp/db");

  const command_line::Command raft =
      root.Add("raft-dump", "Print the log of a Raft node: segments, every record, what is left");
  AddDump(raft, "DIR", [&files](const Arguments&) -> Dump {
    return [&files](const std::string& path, const Print& print) {
      return raft::DumpRaftLog(files, path, print);
    };
  });
  raft.Examples("Example: beachdb raft-dump /tmp/node1/raft");
}

}  // namespace beach::server
