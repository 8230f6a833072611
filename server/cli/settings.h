// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "engine/budgets.h"
#include "server/cli/event_log.h"
#include "server/run/server_options.h"

// What a server can be told, by one name in three places: `--election-timeout 300ms` on the command
// line, BEACHDB_ELECTION_TIMEOUT in the environment, and `election-timeout = "300ms"` in a file.
// The first of these that says something counts.

namespace beach::server {

struct ServeSettings {
  ServerOptions options;
  engine::Budgets budgets;  // what the options of the engine follow from
  LogDetail log = LogDetail::kMain;
  std::string users_file;     // empty: no users
  bool allow_anyone = false;  // who can reach an address that is not of this machine alone
};

struct Setting {
  const char* name;
  const char* initial;  // what counts where nobody says anything
  const char* help;
  // kInvalidArgument with what it may be, for people.
  Status (*set)(ServeSettings& settings, const std::string& value);
};
// In the order of help and sample file.
std::span<const Setting> Settings();

// By the names of settings.
using Said = std::map<std::string, std::string>;

// "BEACHDB_ELECTION_TIMEOUT".
std::string EnvironmentNameOf(const Setting& setting);
// A TOML file of values, each a text, a number or a truth. Errors begin with "FILE:LINE:COLUMN:":
// what is no TOML, a name that is none of ours (and the one that was meant, perhaps), and a value
// that the setting does not take.
Result<Said> ReadSettingsFile(const std::string& path);
// Sets all of them. An error says which, and where it was said.
Result<ServeSettings> MakeSettings(const Said& command_line, const Said& environment,
                                   const Said& file);
// The first address at which others than this machine can reach it; empty: there is none.
std::string AddressForOthers(const ServerOptions& options);
// kInvalidArgument, with what can be done: others than this machine can reach it, and nobody asks
// them who they are.
Status CheckWhoMayAsk(const ServeSettings& settings);
// A file that says what counts anyway, with the help of each.
std::string SampleSettingsFile();

}  // namespace beach::server
