// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "server/resp/plan.h"
#include "server/service/authenticator.h"

namespace beach::server {

class RespClient;

// One table says which commands there are: dispatch, arity, COMMAND and docs/resp.md go by it.
struct RespCommand {
  const char* name;  // in capitals
  // Words, the name included; negative: so many at least.
  int arity;
  const char* arguments;  // for people
  const char* group;
  const char* summary;
  const char* differs;  // from what clients of Redis know; empty: nothing
  // Which words are keys, from 1 on: first, last (negative: from the end), step. 0: none.
  int key_first = 0;
  int key_last = 0;
  int key_step = 0;
  bool writes = false;
  Role role = Role::kRead;  // which it takes, but before AUTH
  // One of the two. Of a command on keys: what it is to the state machine.
  RespPlanned (*plan)(const RespRequest&) = nullptr;
  // Of any other: does it, and answers, or goes on to ask the node.
  void (*run)(RespClient&, const RespRequest&) = nullptr;
  // May it be said before AUTH; is it done at once in MULTI.
  bool before_auth = false;
  bool in_multi_at_once = false;
};

// By name, in order.
std::span<const RespCommand> RespCommands();
// Of any case. Null: there is none.
const RespCommand* FindRespCommand(ByteView name);
bool ArityHolds(const RespCommand& command, std::size_t words);
// In small letters.
std::string LowerCase(ByteView text);
bool EqualsIgnoringCase(ByteView a, ByteView b);

// The table of docs/resp.md.
std::string RespCommandsPage();

}  // namespace beach::server
