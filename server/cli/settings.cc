// SPDX-License-Identifier: Apache-2.0
#include "server/cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/units.h"

namespace beach::server {
namespace {

std::unexpected<Error> Wrong(std::string what) {
  return Fail(ErrorCode::kInvalidArgument, std::move(what));
}

Result<std::uint64_t> ParseNumber(const std::string& text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < min || number > max) {
    return Wrong(fmt::format("it is a number from {} to {}, not '{}'", min, max, text));
  }
  return number;
}

// "1=10.0.0.1:7700,2=10.0.0.2:7700"
Result<std::map<raft::NodeId, std::string>> ParseNodes(const std::string& text) {
  std::map<raft::NodeId, std::string> nodes;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals + 1 == one.size()) {
      return Wrong(
          fmt::format("it is a list like 1=10.0.0.1:7700,2=10.0.0.2:7700, not '{}'", text));
    }
    BEACH_TRY_ASSIGN(const std::uint64_t id,
                     ParseNumber(std::string(one.substr(0, equals)), 1, ~std::uint64_t{0}));
    if (!nodes.try_emplace(raft::NodeId(id), one.substr(equals + 1)).second) {
      return Wrong(fmt::format("node {} is there twice", id));
    }
  }
  return nodes;
}

Status SetProfile(ServeSettings& settings, const std::string& value) {
  for (const auto profile :
       {engine::Profile::kBalanced, engine::Profile::kWrites, engine::Profile::kReads}) {
    if (value != engine::ProfileName(profile)) continue;
    settings.budgets.profile = profile;
    return {};
  }
  return Wrong("it is balanced, writes or reads, not '" + value + "'");
}

Status SetTlsClients(ServeSettings& settings, const std::string& value) {
  using enum env::ClientCertificates;
  for (const auto& [name, asked] :
       {std::pair{"none", kNone}, {"optional", kOptional}, {"required", kRequired}}) {
    if (value != name) continue;
    settings.options.tls_clients = asked;
    return {};
  }
  return Wrong("it is none, optional or required, not '" + value + "'");
}
Status SetTlsNodes(ServeSettings& settings, const std::string& value) {
  using enum env::ServerCheck;
  for (const auto& [name, check] :
       {std::pair{"name", kName}, {"authority", kAuthority}, {"nothing", kNothing}}) {
    if (value != name) continue;
    settings.options.tls_nodes = check;
    return {};
  }
  return Wrong("it is name, authority or nothing, not '" + value + "'");
}

// One of these per kind of value: `member` of the options, or of a part of them.
template <auto member>
Status SetText(ServeSettings& settings, const std::string& value) {
  settings.options.*member = value;
  return {};
}
template <auto member>
Status SetTlsFile(ServeSettings& settings, const std::string& value) {
  settings.options.tls.*member = value;
  return {};
}
template <auto member>
Status SetDuration(ServeSettings& settings, const std::string& value) {
  BEACH_TRY_ASSIGN(settings.options.*member, ParseTime(value));
  return {};
}
template <auto member>
Status SetCoreTime(ServeSettings& settings, const std::string& value) {
  BEACH_TRY_ASSIGN(settings.options.core.*member, ParseTime(value));
  return {};
}
template <auto member>
Status SetSize(ServeSettings& settings, const std::string& value) {
  BEACH_TRY_ASSIGN(settings.options.*member, ParseSize(value));
  return {};
}
template <auto member>
Status SetBudget(ServeSettings& settings, const std::string& value) {
  BEACH_TRY_ASSIGN(settings.budgets.*member, ParseSize(value));
  return {};
}
template <auto member, std::uint64_t max>
Status SetCount(ServeSettings& settings, const std::string& value) {
  BEACH_TRY_ASSIGN(settings.options.*member, ParseNumber(value, 1, max));
  return {};
}
template <auto member>
Status SetServiceCount(ServeSettings& settings, const std::string& value) {
  BEACH_TRY_ASSIGN(settings.options.service.*member, ParseNumber(value, 1, 1 << 20));
  return {};
}

using Options = ServerOptions;

constexpr std::array kSettings = std::to_array<Setting>({
    {"data", "", "Directory of this node; made where the folder above is there",
     SetText<&Options::directory>},
    {"listen", "127.0.0.1:7700", "Address for nodes and native clients; port 0: any",
     SetText<&Options::native_address>},
    {"resp", "", "Address for Redis clients; empty: none", SetText<&Options::resp_address>},
    {"http", "", "Address for monitoring over HTTP; empty: none", SetText<&Options::http_address>},
    {"node", "1", "Number of this node in its cluster, from 1 on; never used for another one",
     [](ServeSettings& settings, const std::string& value) -> Status {
       BEACH_TRY_ASSIGN(settings.options.node.value, ParseNumber(value, 1, ~std::uint64_t{0}));
       return {};
     }},
    {"peers", "",
     "All nodes, this one included: 1=10.0.0.1:7700,2=10.0.0.2:7700; empty: it is alone",
     [](ServeSettings& settings, const std::string& value) -> Status {
       BEACH_TRY_ASSIGN(settings.options.nodes, ParseNodes(value));
       return {};
     }},
    {"cluster", "beachdb", "Name of the cluster, the same on all nodes from the beginning on",
     SetText<&Options::cluster_name>},
    {"tls-cert", "",
     "File of the certificate, PEM, with which all addresses are under TLS; empty: none",
     SetTlsFile<&env::TlsFiles::certificate>},
    {"tls-key", "", "File of its key, PEM, without a password", SetTlsFile<&env::TlsFiles::key>},
    {"tls-ca", "", "File of the authorities, PEM, that sign for nodes and clients",
     SetTlsFile<&env::TlsFiles::authorities>},
    {"tls-clients", "none", "Whether TLS clients show a certificate: none, optional, required",
     SetTlsClients},
    {"tls-nodes", "name",
     "What nodes ask of each other's certificates: name (it is for the host of the address in "
     "'peers'), authority (it is signed), nothing",
     SetTlsNodes},
    {"users", "",
     "File of users, who may ask (see `beachdb token`); empty: everybody may ask everything",
     [](ServeSettings& settings, const std::string& value) -> Status {
       settings.users_file = value;
       return {};
     }},
    {"allow-anyone", "false",
     "Without users, and at an address that is not of this machine alone, whoever reaches it may "
     "read and write everything: true, false",
     [](ServeSettings& settings, const std::string& value) -> Status {
       if (value != "true" && value != "false") {
         return Wrong("it is true or false, not '" + value + "'");
       }
       settings.allow_anyone = value == "true";
       return {};
     }},
    {"memory", "256M", "Bytes that the store may take, blocks and tables in memory included",
     SetBudget<&engine::Budgets::memory>},
    {"disk", "0", "Bytes of disk that the store has to itself; 0: plenty",
     SetBudget<&engine::Budgets::disk>},
    {"profile", "balanced", "What the work is like: balanced, writes, reads", SetProfile},
    {"election-timeout", "300ms", "A node that hears of no leader for so long, or twice, campaigns",
     SetCoreTime<&raft::Options::election_timeout_ns>},
    {"heartbeat", "50ms", "How often a leader says that it leads",
     SetCoreTime<&raft::Options::heartbeat_interval_ns>},
    {"log-bytes", "256M", "Of the log of consensus, what is kept for nodes that lag behind",
     SetSize<&Options::log_bytes_max>},
    {"watch-bytes", "64M", "Newest changes that are kept in memory for watchers",
     SetSize<&Options::watch_bytes_max>},
    {"clients", "10000", "Connections of each kind; who comes beyond is let go",
     SetCount<&Options::clients_max, 1'000'000>},
    {"requests-per-client", "256", "Requests of a native connection without an answer",
     SetServiceCount<&ServiceLimits::guest_calls_max>},
    {"requests", "4096", "Requests without an answer, of all clients: more are told 'overloaded'",
     SetServiceCount<&ServiceLimits::work_max>},
    {"readers", "2", "Threads for reads that memory alone does not answer",
     SetCount<&Options::reader_threads, 64>},
    {"slow", "100ms",
     "A request that takes longer is told in the log, with where its time went, and to SLOWLOG; 0: "
     "none is",
     SetDuration<&Options::slow_ns>},
    {"leave-time", "3s", "How long a node that is told to stop may hand over and answer",
     SetDuration<&Options::leave_max_ns>},
    {"log", "main", "Which events go to standard error: none, main, all",
     [](ServeSettings& settings, const std::string& value) -> Status {
       BEACH_TRY_ASSIGN(settings.log, ParseLogDetail(value));
       return {};
     }},
});

}  // namespace

std::span<const Setting> Settings() { return kSettings; }

std::string EnvironmentNameOf(const Setting& setting) {
  std::string name = "BEACHDB_";
  for (const char letter : std::string_view(setting.name)) {
    const bool small = letter >= 'a' && letter <= 'z';
    name += letter == '-' ? '_' : small ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return name;
}

Result<ServeSettings> MakeSettings(const Said& command_line, const Said& environment,
                                   const Said& file) {
  ServeSettings settings;
  settings.options.version = BEACH_VERSION;
  for (const Setting& setting : kSettings) {
    const std::string option = std::string("--") + setting.name;
    const std::array<std::pair<const Said*, std::string>, 3> places = {
        {{&command_line, option},
         {&environment, EnvironmentNameOf(setting)},
         {&file, std::string(setting.name) + " in the file"}}};
    std::string value = setting.initial;
    std::string where = option;
    for (const auto& [said, place] : places) {
      const auto found = said->find(setting.name);
      if (found == said->end()) continue;
      value = found->second;
      where = place;
      break;
    }
    const Status set = setting.set(settings, value);
    if (!set) return Wrong(where + ": " + set.error().message());
  }
  BEACH_TRY_ASSIGN(const engine::DerivedOptions derived, engine::DeriveOptions(settings.budgets));
  settings.options.engine = derived.options;
  return settings;
}

namespace {

// A name may be anybody's, but for this one.
bool IsOfThisMachine(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  const bool number = host.find_first_not_of("0123456789.") == std::string::npos;
  return number && host.starts_with("127.");
}

}  // namespace

std::string AddressForOthers(const ServerOptions& options) {
  for (const std::string* address :
       {&options.native_address, &options.resp_address, &options.http_address}) {
    if (!address->empty() && !IsOfThisMachine(*address)) return *address;
  }
  return {};
}

Status CheckWhoMayAsk(const ServeSettings& settings) {
  if (!settings.users_file.empty() || settings.allow_anyone) return {};
  const std::string address = AddressForOthers(settings.options);
  if (address.empty()) return {};
  return Wrong(fmt::format(
      "others than this machine can reach {}, and whoever does may read and write everything: "
      "say who may (users), or that anyone may (allow-anyone = \"true\")",
      address));
}

std::string SampleSettingsFile() {
  std::string sample =
      "# What a node of BeachDB can be told. Each setting is an option of `beachdb serve` too\n"
      "# (--election-timeout) and a variable of the environment (BEACHDB_ELECTION_TIMEOUT), which\n"
      "# count before this file. What stands here counts anyway.\n";
  for (const Setting& setting : kSettings) {
    sample += fmt::format("\n# {}.\n{} = \"{}\"\n", setting.help, setting.name, setting.initial);
  }
  return sample;
}

}  // namespace beach::server
