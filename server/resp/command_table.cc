// SPDX-License-Identifier: Apache-2.0
#include "server/resp/command_table.h"

#include <algorithm>
#include <iterator>

#include "server/resp/commands.h"
#include "server/resp/key_plans.h"

namespace beach::server {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Keys {
  int first;
  int last;
  int step;
};
constexpr RespCommand Reads(const char* name, int arity, const char* arguments, const char* group,
                            const char* summary, const char* differs, Keys keys,
                            RespPlanned (*plan)(const RespRequest&)) {
  return {.name = name,
          .arity = arity,
          .arguments = arguments,
          .group = group,
          .summary = summary,
          .differs = differs,
          .key_first = keys.first,
          .key_last = keys.last,
          .key_step = keys.step,
          .plan = plan};
}
constexpr RespCommand Writes(const char* name, int arity, const char* arguments, const char* group,
                             const char* summary, const char* differs, Keys keys,
                             RespPlanned (*plan)(const RespRequest&)) {
  RespCommand command = Reads(name, arity, arguments, group, summary, differs, keys, plan);
  command.writes = true;
  command.role = Role::kWrite;
  return command;
}
constexpr unsigned kBeforeAuth = 1;
constexpr unsigned kInMulti = 2;
constexpr unsigned kForAdmins = 4;
constexpr RespCommand Other(const char* name, int arity, const char* arguments, const char* group,
                            const char* summary, const char* differs, Keys keys,
                            void (*run)(RespClient&, const RespRequest&), unsigned flags) {
  RespCommand command = Reads(name, arity, arguments, group, summary, differs, keys, nullptr);
  command.run = run;
  command.before_auth = (flags & kBeforeAuth) != 0;
  command.in_multi_at_once = (flags & kInMulti) != 0;
  if ((flags & kForAdmins) != 0) command.role = Role::kAdmin;
  return command;
}

// In order of names.
constexpr RespCommand kCommands[] = {
    Writes("APPEND", 3, "key value", "strings",
           "Puts bytes behind a value, and tells how long it is then", "A value has 4 MiB at most",
           {1, 1, 1}, PlanAppend),
    Other("AUTH", -2, "[user] password", "connection", "Says who the client is", "", {0, 0, 0},
          RunAuth, kBeforeAuth),
    Other("CLIENT", -2, "ID, GETNAME, SETNAME name, SETINFO LIB-NAME/LIB-VER value, INFO, LIST",
          "connection", "Tells and sets what is known of a connection",
          "Other subcommands are not there", {0, 0, 0}, RunClient, 0),
    Other("COMMAND", -1, "[COUNT, DOCS [name ...], INFO name ..., LIST]", "server",
          "Tells which commands there are", "Neither key specifications nor arguments are told",
          {0, 0, 0}, RunCommand, 0),
    Other("CONFIG", -2, "GET pattern [pattern ...]", "server", "Tells settings",
          "There is no SET; settings are of this program", {0, 0, 0}, RunConfig, kForAdmins),
    Other("DBSIZE", 1, "", "server", "Counts the keys",
          "Reads all keys, in pieces that are not of one moment; with more than a million the "
          "reply is an error",
          {0, 0, 0}, RunDbsize, 0),
    Writes("DECR", 2, "key", "strings", "Takes 1 from a number", "", {1, 1, 1}, PlanDecr),
    Writes("DECRBY", 3, "key number", "strings", "Takes from a number", "", {1, 1, 1}, PlanDecrBy),
    Writes("DEL", -2, "key [key ...]", "keys", "Deletes keys, and tells how many were there", "",
           {1, -1, 1}, PlanDel),
    Other("DISCARD", 1, "", "transactions", "Forgets a transaction that is not executed", "",
          {0, 0, 0}, RunDiscard, kInMulti),
    Other("ECHO", 2, "message", "connection", "Says the same", "", {0, 0, 0}, RunEcho, 0),
    Other("EXEC", 1, "", "transactions",
          "Does what was queued, as one entry of the log, or nothing if a watched key has changed",
          "All or nothing on failures too", {0, 0, 0}, RunExec, kInMulti),
    Reads("EXISTS", -2, "key [key ...]", "keys", "Tells how many of the keys are there", "",
          {1, -1, 1}, PlanExists),
    Writes("EXPIRE", -3, "key seconds [NX, XX, GT, LT]", "keys", "Says when a key expires", "",
           {1, 1, 1}, PlanExpire),
    Writes("EXPIREAT", -3, "key seconds-since-1970 [NX, XX, GT, LT]", "keys", "The same, as a time",
           "", {1, 1, 1}, PlanExpireAt),
    Reads("EXPIRETIME", 2, "key", "keys", "Tells when a key expires, in seconds since 1970", "",
          {1, 1, 1}, PlanExpireTime),
    Reads("GET", 2, "key", "strings", "Gets a value", "", {1, 1, 1}, PlanGet),
    Writes("GETDEL", 2, "key", "strings", "Gets a value, and deletes its key", "", {1, 1, 1},
           PlanGetDel),
    Writes("GETEX", -2, "key [EX s, PX ms, EXAT s, PXAT ms, PERSIST]", "strings",
           "Gets a value, and says when it expires", "", {1, 1, 1}, PlanGetEx),
    Writes("GETSET", 3, "key value", "strings", "Gets the old value, and sets another", "",
           {1, 1, 1}, PlanGetSet),
    Other("HELLO", -1, "[version [AUTH user password] [SETNAME name]]", "connection",
          "Chooses RESP2 or RESP3", "", {0, 0, 0}, RunHello, kBeforeAuth),
    Writes("INCR", 2, "key", "strings", "Adds 1 to a number", "", {1, 1, 1}, PlanIncr),
    Writes("INCRBY", 3, "key number", "strings", "Adds to a number", "", {1, 1, 1}, PlanIncrBy),
    Other(
        "INFO", -1, "[section ...]", "server", "Tells about this node",
        "Sections server, clients, stats, replication, keyspace; keyspace is empty: DBSIZE counts",
        {0, 0, 0}, RunInfo, 0),
    Reads("MGET", -2, "key [key ...]", "strings", "Gets several values",
          "Outside of MULTI the values are not of one moment: each is at least as new as when the "
          "command came",
          {1, -1, 1}, PlanMget),
    Writes("MSET", -3, "key value [key value ...]", "strings", "Sets several values, as one", "",
           {1, -1, 2}, PlanMset),
    Other("MULTI", 1, "", "transactions", "Begins a transaction: commands are queued until EXEC",
          "", {0, 0, 0}, RunMulti, kInMulti),
    Writes("PERSIST", 2, "key", "keys", "A key does not expire any more", "", {1, 1, 1},
           PlanPersist),
    Writes("PEXPIRE", -3, "key ms [NX, XX, GT, LT]", "keys", "Says when a key expires", "",
           {1, 1, 1}, PlanPexpire),
    Writes("PEXPIREAT", -3, "key ms-since-1970 [NX, XX, GT, LT]", "keys", "The same, as a time", "",
           {1, 1, 1}, PlanPexpireAt),
    Reads("PEXPIRETIME", 2, "key", "keys", "Tells when a key expires, in milliseconds since 1970",
          "", {1, 1, 1}, PlanPexpireTime),
    Other("PING", -1, "[message]", "connection", "Says PONG, or the message", "", {0, 0, 0},
          RunPing, 0),
    Writes("PSETEX", 4, "key ms value", "strings", "Sets a value that expires", "", {1, 1, 1},
           PlanPsetEx),
    Reads("PTTL", 2, "key", "keys", "Tells in how many milliseconds a key expires", "", {1, 1, 1},
          PlanPttl),
    Other("QUIT", -1, "", "connection", "Ends the connection", "", {0, 0, 0}, RunQuit,
          kBeforeAuth | kInMulti),
    Other("RESET", 1, "", "connection", "The connection is as it was when it came", "", {0, 0, 0},
          RunReset, kBeforeAuth | kInMulti),
    Other("SCAN", -2, "cursor [MATCH pattern] [COUNT count] [TYPE type]", "keys",
          "Walks through all keys, some at a time",
          "Keys come in order, each once. A cursor is of this node, which keeps the newest 1024: "
          "an older one is an error",
          {0, 0, 0}, RunScan, 0),
    Other("SELECT", 2, "index", "connection", "Chooses a database", "There is 0 alone", {0, 0, 0},
          RunSelect, 0),
    Writes("SET", -3, "key value [NX, XX] [GET] [EX s, PX ms, EXAT s, PXAT ms, KEEPTTL]", "strings",
           "Sets a value", "EX and PX count from the time of the log", {1, 1, 1}, PlanSet),
    Writes("SETEX", 4, "key seconds value", "strings", "Sets a value that expires", "", {1, 1, 1},
           PlanSetEx),
    Writes("SETNX", 3, "key value", "strings", "Sets a value if there is none", "", {1, 1, 1},
           PlanSetNx),
    Other("SLOWLOG", -2, "GET [count], LEN, RESET", "server", "Tells which commands took long",
          "The time is from when a command is handed on to when it is answered, the cluster's part "
          "included",
          {0, 0, 0}, RunSlowlog, kForAdmins),
    Reads("STRLEN", 2, "key", "strings", "Tells how long a value is", "", {1, 1, 1}, PlanStrlen),
    Reads("TTL", 2, "key", "keys", "Tells in how many seconds a key expires", "", {1, 1, 1},
          PlanTtl),
    Reads("TYPE", 2, "key", "keys", "Tells the type of what a key holds", "There are strings alone",
          {1, 1, 1}, PlanType),
    Writes("UNLINK", -2, "key [key ...]", "keys", "The same as DEL", "", {1, -1, 1}, PlanDel),
    Other("UNWATCH", 1, "", "transactions", "Forgets what is watched", "", {0, 0, 0}, RunUnwatch,
          0),
    Other("WATCH", -2, "key [key ...]", "transactions",
          "EXEC does nothing if these keys have changed",
          "What counts is the value: a key that was changed, and changed back, has not changed, "
          "unless the client has seen it meanwhile; "
          "nor has one whose expiry has",
          {1, -1, 1}, RunWatch, kInMulti),
};

static_assert(std::ranges::is_sorted(kCommands, [](const RespCommand& a, const RespCommand& b) {
  return ByteView(a.name) < ByteView(b.name);
}));

}  // namespace

std::span<const RespCommand> RespCommands() { return kCommands; }

const RespCommand* FindRespCommand(ByteView name) {
  std::string capitals(name.substr(0, 32));
  for (char& c : capitals) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto* const found = std::ranges::lower_bound(
      kCommands, ByteView(capitals), {}, [](const RespCommand& one) { return ByteView(one.name); });
  const bool there = found != std::end(kCommands) && capitals == found->name;
  return there && name.size() == capitals.size() ? found : nullptr;
}

bool ArityHolds(const RespCommand& command, std::size_t words) {
  const auto count = static_cast<std::int64_t>(words);
  return command.arity >= 0 ? count == command.arity : count >= -command.arity;
}

std::string LowerCase(ByteView text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), Lower);
  return lower;
}

bool EqualsIgnoringCase(ByteView a, ByteView b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

std::string RespCommandsPage() {
  std::string page = "| command | what it does | what differs |\n|---|---|---|\n";
  for (const RespCommand& command : kCommands) {
    page += std::string("| `") + command.name;
    if (*command.arguments != '\0') page += std::string(" ") + command.arguments;
    page += std::string("` | ") + command.summary + " | " + command.differs + " |\n";
  }
  return page;
}

}  // namespace beach::server
