// SPDX-License-Identifier: Apache-2.0
#include "bench/server/run_server.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "bench/engine/plan.h"
#include "bench/folder.h"
#include "bench/server/server_rows.h"
#include "bench/server/server_system.h"
#include "bench/signals.h"
#include "command_line/terminal.h"

namespace beach::bench {
namespace {

using Systems = std::vector<std::unique_ptr<ServerSystem>>;

constexpr std::uint64_t kClientsMax = 4096;

ServerSettings SettingsOf(const ServerArguments& arguments) {
  return {
      .keys = arguments.keys, .value_bytes = arguments.value_bytes, .seconds = arguments.seconds};
}

Status Run(const ServerArguments& arguments, const Systems& systems, std::string driven) {
  BEACH_TRY_ASSIGN(const std::vector<std::uint64_t> clients,
                   ParseThreads(arguments.clients, kClientsMax));
  const HeldSignals signals;  // servers are stopped, and the folder removed
  BEACH_TRY_ASSIGN(const std::unique_ptr<Folder> folder, Folder::Make(arguments.data));
  std::vector<std::string> notes = {
      fmt::format("medians of {} rounds; {} keys, values of {} bytes; {}", arguments.rounds,
                  arguments.keys, arguments.value_bytes, driven),
      "driver and servers share this machine's processors, and the disk; one is asked at a time"};
  for (const auto& system : systems) {
    const std::string directory =
        std::filesystem::absolute(folder->path() + "/" + system->name()).string();
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return Fail(ErrnoError(error.value(), "create", directory));
    BEACH_TRY(system->Start(directory));
    notes.push_back(fmt::format("{}: {}", system->name(), system->what()));
  }
  Result<std::vector<ServerRow>> rows = std::vector<ServerRow>();
  {
    command_line::ProgressLine progress;
    rows = MeasureServers(systems, clients, arguments.rounds,
                          [&](const std::string& line) { progress.Draw(line); });
  }
  if (!rows) return Fail(rows.error());
  command_line::PrintOut(arguments.json ? AsJson(notes, *rows) : AsText(notes, *rows));
  return {};
}

Status CheckPeers(const ServerArguments& arguments, const std::string& known) {
  if (arguments.peers.empty() || arguments.peers == known) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "there is no peer '" + arguments.peers + "'; there is: " + known);
}

int ExitCodeOf(const Status& status) {
  return status ? command_line::kExitFine : command_line::ReportError(status.error());
}

}  // namespace

int RunServer(const ServerArguments& arguments) {
  const ServerSettings settings = SettingsOf(arguments);
  if (const Status known = CheckPeers(arguments, "redis"); !known) return ExitCodeOf(known);
  Systems systems;
  systems.push_back(NewBeachNode(settings));
  if (!arguments.peers.empty()) systems.push_back(NewRedis(settings));
  return ExitCodeOf(Run(arguments, systems, "redis-benchmark drives each"));
}

int RunCluster(const ServerArguments& arguments) {
  const ServerSettings settings = SettingsOf(arguments);
  if (const Status known = CheckPeers(arguments, "etcd"); !known) return ExitCodeOf(known);
  Systems systems;
  systems.push_back(NewBeachCluster(settings));
  if (!arguments.peers.empty()) systems.push_back(NewEtcd(settings));
  return ExitCodeOf(
      Run(arguments, systems,
          "three nodes each, of which two have a write on disk when it is answered; clients are "
          "spread over all three, and have one request under way"));
}

}  // namespace beach::bench
