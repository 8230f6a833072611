// SPDX-License-Identifier: Apache-2.0
// `beachdb serve`: a node, until it is told to stop.
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "env/os/os_env.h"
#include "server/cli/commands.h"
#include "server/cli/event_log.h"
#include "server/cli/exit_code.h"
#include "server/cli/settings.h"
#include "server/cli/signals.h"
#include "server/cli/users_file.h"
#include "server/run/server.h"

namespace beach::server {
namespace {

struct Arguments {
  std::optional<std::string> file;
  bool print_config = false;
  std::map<std::string, std::optional<std::string>> said;  // by setting
};

Said FromCommandLine(const Arguments& arguments) {
  Said said;
  for (const auto& [name, value] : arguments.said) {
    if (value) said[name] = *value;
  }
  return said;
}

Said FromEnvironment() {
  Said said;
  for (const Setting& setting : Settings()) {
    const char* const value = std::getenv(EnvironmentNameOf(setting).c_str());
    if (value != nullptr) said[setting.name] = value;
  }
  return said;
}

Result<ServeSettings> SettingsOf(const Arguments& arguments) {
  Said file;
  if (arguments.file) {
    BEACH_TRY_ASSIGN(file, ReadSettingsFile(*arguments.file));
  }
  BEACH_TRY_ASSIGN(ServeSettings settings,
                   MakeSettings(FromCommandLine(arguments), FromEnvironment(), file));
  BEACH_TRY(CheckWhoMayAsk(settings));
  if (!settings.users_file.empty()) {
    BEACH_TRY_ASSIGN(settings.options.users, ReadUsersFile(settings.users_file));
  }
  return settings;
}

ExitCode Say(const Error& error, ExitCode code) {
  fmt::print(stderr, "beachdb: {}\n",
             error.code() == ErrorCode::kInvalidArgument && error.path().empty()
                 ? error.message()
                 : error.ToString());
  return code;
}

// What cannot be read is told, and what was read before stays.
Status Reload(Server& server, const std::string& users_file) {
  std::vector<User> users;
  if (!users_file.empty()) {
    BEACH_TRY_ASSIGN(users, ReadUsersFile(users_file));
  }
  return server.Reload(std::move(users));
}

// Users say their tokens to whoever listens on the way.
void WarnOfTokensInClear(EventLog& log, const ServerOptions& options) {
  const std::string address = AddressForOthers(options);
  if (!options.users || !options.tls.certificate.empty() || address.empty()) return;
  log.Record("server.tokens_in_clear",
             {{.name = "address", .text = address}, {.name = "help", .text = "see tls-cert"}});
}

ExitCode RunServe(const Arguments& arguments, const env::Env& env) {
  if (arguments.print_config) {
    fmt::print("{}", SampleSettingsFile());
    return ExitCode::kFine;
  }
  const Result<ServeSettings> settings = SettingsOf(arguments);
  if (!settings) {
    const bool usage = settings.error().code() == ErrorCode::kInvalidArgument;
    return Say(settings.error(), usage ? ExitCode::kUsage : ExitCode::kEnvironment);
  }
  // To be read again at SIGHUP.
  const bool has_files =
      !settings->options.tls.certificate.empty() || !settings->users_file.empty();
  StopSignals::Hold(has_files);
  EventLog log(*env.clock, settings->log);
  env::Env with_log = env;
  with_log.events = &log;
  WarnOfTokensInClear(log, settings->options);
  const auto server = Server::Open(with_log, settings->options);
  if (!server) return Say(server.error(), ExitCodeOfOpening(server.error()));
  Status served;
  {
    std::function<void()> reload;
    if (has_files) {
      reload = [&] {
        const Status read = Reload(**server, settings->users_file);
        if (!read) Say(read.error(), ExitCode::kFine);
      };
    }
    const StopSignals signals([&] { (*server)->Stop(); }, reload);
    served = (*server)->Run();
  }
  return served ? ExitCode::kFine : Say(served.error(), ExitCodeOfUsing(served.error()));
}

}  // namespace

void AddServeCommand(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("serve", "Serve a database: one node alone, or one of a cluster");
  command.Text("--config", arguments->file, "TOML file of settings (see --print-config)");
  command.Flag("--print-config", arguments->print_config, "Print a file of all settings, and exit");
  for (const Setting& setting : Settings()) {
    const std::string initial =
        *setting.initial == '\0' ? "" : fmt::format(" [{}]", setting.initial);
    command.Text(std::string("--") + setting.name, arguments->said[setting.name],
                 setting.help + initial);
  }
  command.Examples(
      "Each option is a setting of the file and, as BEACHDB_ELECTION_TIMEOUT, of the environment.\n"
      "Examples:\n"
      "  beachdb serve --data /var/lib/beachdb\n"
      "  beachdb serve --data node1 --node 1 --listen 10.0.0.1:7700 "
      "--peers 1=10.0.0.1:7700,2=10.0.0.2:7700,3=10.0.0.3:7700\n"
      "  beachdb serve --config beachdb.toml");
  command.Does([arguments, env] { return static_cast<int>(RunServe(*arguments, env)); });
}

}  // namespace beach::server
