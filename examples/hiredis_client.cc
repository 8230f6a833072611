// SPDX-License-Identifier: Apache-2.0
// A program written for Redis, with the client library hiredis, that talks to a node: one command,
// a pipeline, a transaction that others disturb. `hiredis_client HOST PORT`.
#include <hiredis/hiredis.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

// The next reply: of commands that were appended, or of the one that is given.
Reply Next(redisContext& context) {
  void* reply = nullptr;
  if (redisGetReply(&context, &reply) != REDIS_OK) {
    std::fprintf(stderr, "%s\n", context.errstr);
    std::exit(1);
  }
  return Reply(static_cast<redisReply*>(reply));
}

template <class... Words>
Reply Ask(redisContext& context, const char* format, Words... words) {
  redisAppendCommand(&context, format, words...);
  return Next(context);
}

Context Connect(const char* host, const char* port) {
  Context context(redisConnect(host, std::atoi(port)), redisFree);
  if (context == nullptr || context->err != 0) {
    std::fprintf(stderr, "%s:%s: no connection\n", host, port);
    std::exit(1);
  }
  return context;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return std::fprintf(stderr, "usage: hiredis_client HOST PORT\n"), 2;
  const Context mine = Connect(words[1], words[2]);
  const Context others = Connect(words[1], words[2]);

  // Any bytes are a value.
  const std::string bytes("a\0b\r\n", 5);
  Ask(*mine, "SET %s %b", "bytes", bytes.data(), bytes.size());
  const Reply got = Ask(*mine, "GET %s", "bytes");
  std::printf("bytes: %zu, %s\n", got->len,
              std::string(got->str, got->len) == bytes ? "the same" : "others");

  // A hundred that go out together, and are answered in order.
  Ask(*mine, "DEL counter");
  for (int i = 0; i < 100; ++i) redisAppendCommand(mine.get(), "INCR counter");
  long long last = 0;
  bool in_order = true;
  for (int i = 0; i < 100; ++i) {
    const long long number = Next(*mine)->integer;
    in_order = in_order && number == ++last;
  }
  std::printf("counter: %lld, %s\n", last, in_order ? "in order" : "out of order");

  // What is watched has changed: nothing is done.
  Ask(*mine, "WATCH counter");
  Ask(*others, "SET counter 7");
  Ask(*mine, "MULTI");
  Ask(*mine, "SET counter 0");
  std::printf("disturbed: %s\n",
              Ask(*mine, "EXEC")->type == REDIS_REPLY_NIL ? "nothing done" : "done");
  std::printf("counter: %s\n", Ask(*mine, "GET counter")->str);

  // Nothing, and an error, are replies of their own.
  std::printf("absent: %s\n",
              Ask(*mine, "GET absent")->type == REDIS_REPLY_NIL ? "nil" : "something");
  std::printf("wrong: %s\n", Ask(*mine, "GET")->str);
}
