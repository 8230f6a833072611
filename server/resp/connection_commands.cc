// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "server/resp/commands.h"
#include "server/resp/resp_client.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// True: it may speak. Else it was told why not.
bool Admit(RespClient& client, ByteView user, ByteView password) {
  Authenticator* const authenticator = client.node().options.authenticator;
  if (authenticator == nullptr) {
    client.writer().Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
    return false;
  }
  std::shared_ptr<Account> account = authenticator->Find(user, password);
  if (account == nullptr) {
    client.writer().Error("WRONGPASS invalid username-password pair or user is disabled.");
    return false;
  }
  client.Admitted(user, std::move(account));
  return true;
}

// A name that a client gives itself stands in lists, between spaces.
bool IsName(ByteView name) {
  return name.size() <= 256 &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

void SetName(RespClient& client, const Bytes& name) {
  if (!IsName(name)) {
    return client.writer().Error(
        "ERR Client names cannot contain spaces, newlines or special characters.");
  }
  client.name = name;
  client.writer().Simple("OK");
}

void SetInfo(RespClient& client, ByteView what, const Bytes& value) {
  if (!IsName(value)) {
    return client.writer().Error("ERR " + LowerCase(what) +
                                 " cannot contain spaces, newlines or special characters.");
  }
  if (EqualsIgnoringCase(what, "LIB-NAME")) {
    client.library_name = value;
  } else if (EqualsIgnoringCase(what, "LIB-VER")) {
    client.library_version = value;
  } else {
    return client.writer().Error("ERR Unrecognized option '" + Printable(what) + "'");
  }
  client.writer().Simple("OK");
}

std::string Line(RespClient& client) {
  const std::uint64_t age_ns = client.node().clock.MonotonicNow() - client.began_ns();
  return fmt::format(
      "id={} addr={} name={} age={} db=0 resp={} multi={} watch={} cmd={} lib-name={} lib-ver={}\n",
      client.id().value, client.peer(), client.name, age_ns / kNsPerSecond,
      static_cast<int>(client.version), client.in_transaction ? 0 : -1, client.watched.size(),
      LowerCase(client.last_command), client.library_name, client.library_version);
}

void List(RespClient& client) {
  std::string lines;
  for (const auto& [id, other] : client.node().clients) lines += Line(*other);
  client.writer().Text(lines);
}

void SayHello(RespClient& client) {
  RespNode& node = client.node();
  RespReplyWriter writer = client.writer();
  writer.Map(7);
  writer.Bulk("server");
  writer.Bulk("redis");  // which clients look for
  writer.Bulk("version");
  writer.Bulk(node.options.version);
  writer.Bulk("proto");
  writer.Integer(static_cast<int>(client.version));
  writer.Bulk("id");
  writer.Integer(static_cast<std::int64_t>(client.id().value));
  writer.Bulk("mode");
  writer.Bulk("standalone");
  writer.Bulk("role");
  writer.Bulk("master");  // every node takes writes
  writer.Bulk("modules");
  writer.Array(0);
}

}  // namespace

void RunAuth(RespClient& client, const RespRequest& request) {
  if (request.size() > 3) return client.writer().Error("ERR syntax error");
  const bool named = request.size() == 3;
  const bool admitted =
      Admit(client, named ? ByteView(request[1]) : ByteView("default"), request.back());
  if (admitted) client.writer().Simple("OK");
}

void RunHello(RespClient& client, const RespRequest& request) {
  RespVersion version = client.version;
  if (request.size() > 1) {
    if (request[1] != "2" && request[1] != "3") {
      return client.writer().Error("NOPROTO unsupported protocol version");
    }
    version = request[1] == "2" ? RespVersion::kTwo : RespVersion::kThree;
  }
  const Bytes* name = nullptr;
  for (std::size_t i = 2; i < request.size(); ++i) {
    if (EqualsIgnoringCase(request[i], "AUTH") && i + 2 < request.size()) {
      if (!Admit(client, request[i + 1], request[i + 2])) return;
      i += 2;
    } else if (EqualsIgnoringCase(request[i], "SETNAME") && i + 1 < request.size()) {
      name = &request[++i];
    } else {
      return client.writer().Error("ERR Syntax error in HELLO option '" + Printable(request[i]) +
                                   "'");
    }
  }
  if (client.role() == Role::kNone) {
    return client.writer().Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the "
        "RESP protocol version at the same time");
  }
  if (name != nullptr && !IsName(*name)) {
    return client.writer().Error(
        "ERR Client names cannot contain spaces, newlines or special characters.");
  }
  if (name != nullptr) client.name = *name;
  client.version = version;
  SayHello(client);
}

void RunPing(RespClient& client, const RespRequest& request) {
  if (request.size() > 2) {
    return client.writer().Error("ERR wrong number of arguments for 'ping' command");
  }
  if (request.size() == 2) return client.writer().Bulk(request[1]);
  client.writer().Simple("PONG");
}

void RunEcho(RespClient& client, const RespRequest& request) { client.writer().Bulk(request[1]); }

void RunQuit(RespClient& client, const RespRequest&) {
  client.writer().Simple("OK");
  client.CloseSoon();
}

void RunReset(RespClient& client, const RespRequest&) {
  client.Reset();
  client.writer().Simple("RESET");
}

void RunSelect(RespClient& client, const RespRequest& request) {
  if (request[1] != "0") return client.writer().Error("ERR DB index is out of range");
  client.writer().Simple("OK");
}

void RunClient(RespClient& client, const RespRequest& request) {
  const auto is = [&](ByteView name, std::size_t words) {
    return EqualsIgnoringCase(request[1], name) && request.size() == words;
  };
  if (is("ID", 2)) {
    return client.writer().Integer(static_cast<std::int64_t>(client.id().value));
  }
  if (is("GETNAME", 2)) {
    if (client.name.empty()) return client.writer().Null();
    return client.writer().Bulk(client.name);
  }
  if (is("SETNAME", 3)) return SetName(client, request[2]);
  if (is("SETINFO", 4)) return SetInfo(client, request[2], request[3]);
  if (is("INFO", 2)) return client.writer().Text(Line(client));
  if (is("LIST", 2)) {
    if (client.role() == Role::kAdmin) return List(client);
    return client.writer().Error(client.NotPermitted("client|list"));
  }
  client.writer().Error("ERR unknown subcommand or wrong number of arguments for '" +
                        Printable(request[1]) + "'. Try COMMAND DOCS CLIENT.");
}

void RunMulti(RespClient& client, const RespRequest&) { client.BeginTransaction(); }
void RunExec(RespClient& client, const RespRequest&) { client.Execute(); }
void RunDiscard(RespClient& client, const RespRequest&) {
  if (!client.in_transaction) return client.writer().Error("ERR DISCARD without MULTI");
  client.DiscardTransaction();
  client.writer().Simple("OK");
}
void RunWatch(RespClient& client, const RespRequest& request) { client.Watch(request); }
void RunUnwatch(RespClient& client, const RespRequest&) {
  client.Unwatch();
  client.writer().Simple("OK");
}

}  // namespace beach::server
