// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "server/resp/commands.h"
#include "server/resp/glob.h"
#include "server/resp/resp_client.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSlowlogShown = 10;

const char* NameOf(raft::Role role) {
  switch (role) {
    case raft::Role::kFollower: return "follower";
    case raft::Role::kPreCandidate: return "pre-candidate";
    case raft::Role::kCandidate: return "candidate";
    case raft::Role::kLeader: break;
  }
  return "leader";
}

struct Setting {
  const char* name;
  std::string value;
};
// What clients ask for before they begin.
std::vector<Setting> Settings(RespNode& node) {
  return {
      {.name = "appendfsync", .value = "always"},
      {.name = "appendonly", .value = "yes"},
      {.name = "databases", .value = "1"},
      {.name = "maxclients", .value = std::to_string(node.options.clients_max)},
      {.name = "maxmemory", .value = "0"},
      {.name = "proto-max-bulk-len", .value = std::to_string(RespRequestLimits{}.bulk_size_max)},
      {.name = "save", .value = ""},
      {.name = "slowlog-log-slower-than", .value = std::to_string(node.options.slow_ns / 1000)},
      {.name = "slowlog-max-len", .value = std::to_string(kSlowCommandsMax)},
      {.name = "timeout", .value = "0"}};
}

struct Section {
  const char* name;
  std::string (*text)(RespNode&);
};
constexpr Section kSections[] = {
    {.name = "server",
     .text =
         [](RespNode& node) {
           const std::uint64_t up_ns = node.clock.MonotonicNow() - node.began_ns;
           return fmt::format(
               "beachdb_version:{}\r\nredis_mode:standalone\r\narch_bits:64\r\nnode_id:{}\r\n"
               "uptime_in_seconds:{}\r\n",
               node.options.version, node.replica.id().value, up_ns / kNsPerSecond);
         }},
    {.name = "clients",
     .text =
         [](RespNode& node) {
           return fmt::format("connected_clients:{}\r\nmaxclients:{}\r\n", node.clients.size(),
                              node.options.clients_max);
         }},
    {.name = "stats",
     .text =
         [](RespNode& node) {
           return fmt::format(
               "total_connections_received:{}\r\nrejected_connections:{}\r\n"
               "total_commands_processed:{}\r\n",
               node.clients_seen, node.clients_turned_away, node.commands_seen);
         }},
    // Every node takes writes, so that clients are to see a master in each.
    {.name = "replication",
     .text =
         [](RespNode& node) {
           return fmt::format(
               "role:master\r\nconnected_slaves:0\r\nraft_role:{}\r\nraft_leader:{}\r\n"
               "raft_term:{}\r\nraft_commit:{}\r\nraft_applied:{}\r\n",
               NameOf(node.replica.role()), node.replica.leader().value, node.replica.term().value,
               node.replica.commit().value, node.replica.applied().value);
         }},
    // DBSIZE counts them.
    {.name = "keyspace", .text = [](RespNode&) { return std::string(); }},
};

void WriteCommandInfo(const RespCommand* command, RespReplyWriter& writer) {
  if (command == nullptr) return writer.NullArray();
  writer.Array(6);
  writer.Bulk(LowerCase(command->name));
  writer.Integer(command->arity);
  writer.Set(1);
  writer.Simple(command->plan == nullptr ? "admin" : command->writes ? "write" : "readonly");
  writer.Integer(command->key_first);
  writer.Integer(command->key_last);
  writer.Integer(command->key_step);
}

void WriteCommandDocs(const RespCommand& command, RespReplyWriter& writer) {
  writer.Bulk(LowerCase(command.name));
  writer.Map(2);
  writer.Bulk("summary");
  writer.Bulk(command.summary);
  writer.Bulk("group");
  writer.Bulk(command.group);
}

void SayDocs(RespClient& client, const RespRequest& request) {
  std::vector<const RespCommand*> asked;
  for (std::size_t i = 2; i < request.size(); ++i) {
    const RespCommand* const command = FindRespCommand(request[i]);
    if (command != nullptr) asked.push_back(command);
  }
  if (request.size() == 2) {
    for (const RespCommand& command : RespCommands()) asked.push_back(&command);
  }
  RespReplyWriter writer = client.writer();
  writer.Map(asked.size());
  for (const RespCommand* command : asked) WriteCommandDocs(*command, writer);
}

}  // namespace

void RunCommand(RespClient& client, const RespRequest& request) {
  RespReplyWriter writer = client.writer();
  const std::span<const RespCommand> all = RespCommands();
  const auto is = [&](ByteView name) {
    return request.size() > 1 && EqualsIgnoringCase(request[1], name);
  };
  if (is("COUNT") && request.size() == 2) {
    return writer.Integer(static_cast<std::int64_t>(all.size()));
  }
  if (is("DOCS")) return SayDocs(client, request);
  if (is("LIST") && request.size() == 2) {
    writer.Array(all.size());
    for (const RespCommand& command : all) writer.Bulk(LowerCase(command.name));
    return;
  }
  if (is("INFO") && request.size() > 2) {
    writer.Array(request.size() - 2);
    for (std::size_t i = 2; i < request.size(); ++i) {
      WriteCommandInfo(FindRespCommand(request[i]), writer);
    }
    return;
  }
  if (request.size() > 1 && !is("INFO")) {
    return writer.Error("ERR unknown subcommand or wrong number of arguments for '" +
                        Printable(request[1]) + "'");
  }
  writer.Array(all.size());
  for (const RespCommand& command : all) WriteCommandInfo(&command, writer);
}

void RunConfig(RespClient& client, const RespRequest& request) {
  if (!EqualsIgnoringCase(request[1], "GET") || request.size() < 3) {
    return client.writer().Error("ERR only CONFIG GET is there");
  }
  std::vector<Setting> settings = Settings(client.node());
  std::erase_if(settings, [&](const Setting& setting) {
    return std::none_of(request.begin() + 2, request.end(), [&](const Bytes& pattern) {
      return MatchesGlob(LowerCase(pattern), setting.name);
    });
  });
  RespReplyWriter writer = client.writer();
  writer.Map(settings.size());
  for (const Setting& setting : settings) {
    writer.Bulk(setting.name);
    writer.Bulk(setting.value);
  }
}

void RunInfo(RespClient& client, const RespRequest& request) {
  std::string text;
  for (const Section& section : kSections) {
    const bool asked =
        request.size() == 1 ||
        std::any_of(request.begin() + 1, request.end(), [&](const Bytes& name) {
          return EqualsIgnoringCase(name, section.name) || EqualsIgnoringCase(name, "all") ||
                 EqualsIgnoringCase(name, "default") || EqualsIgnoringCase(name, "everything");
        });
    if (!asked) continue;
    std::string title = section.name;
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    if (!text.empty()) text += "\r\n";
    text += "# " + title + "\r\n" + section.text(client.node());
  }
  client.writer().Text(text);
}

void RunSlowlog(RespClient& client, const RespRequest& request) {
  RespNode& node = client.node();
  RespReplyWriter writer = client.writer();
  const auto is = [&](ByteView name) { return EqualsIgnoringCase(request[1], name); };
  if (is("LEN") && request.size() == 2) {
    return writer.Integer(static_cast<std::int64_t>(node.slow.size()));
  }
  if (is("RESET") && request.size() == 2) {
    node.slow.clear();
    return writer.Simple("OK");
  }
  if (!is("GET") || request.size() > 3) {
    return writer.Error("ERR unknown subcommand or wrong number of arguments for '" +
                        Printable(request[1]) + "'");
  }
  std::int64_t count = kSlowlogShown;
  if (request.size() == 3) {
    const Bytes& text = request[2];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < -1) {
      return writer.Error("ERR count should be greater than or equal to -1");
    }
  }
  const std::size_t shown =
      count < 0 ? node.slow.size() : std::min(node.slow.size(), static_cast<std::size_t>(count));
  writer.Array(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    const SlowCommand& slow = node.slow[i];
    writer.Array(6);
    writer.Integer(static_cast<std::int64_t>(slow.id));
    writer.Integer(static_cast<std::int64_t>(slow.at_s));
    writer.Integer(static_cast<std::int64_t>(slow.took_us));
    writer.Array(slow.words.size());
    for (const Bytes& word : slow.words) writer.Bulk(word);
    writer.Bulk(slow.peer);
    writer.Bulk(slow.client_name);
  }
}

}  // namespace beach::server
