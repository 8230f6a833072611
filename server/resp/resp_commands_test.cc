// SPDX-License-Identifier: Apache-2.0
// Commands as a client sees them, over a machine on a database in memory.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/machine/testing/machine_fixture.h"
#include "server/resp/command_table.h"
#include "server/resp/resp_port.h"
#include "server/resp/testing/one_node.h"
#include "wire/testing/fake_loop.h"

namespace beach::server {
namespace {

using testing::OneNode;
using wire::testing::FakeClock;
using wire::testing::FakeLoop;

constexpr char kAddress[] = "here:6379";

struct Dialler {
  std::unique_ptr<env::Connection> connection;
  Bytes arrived;
  bool closed = false;
};

class RespCommandsTest : public engine::DbTest {
 protected:
  void SetUp() override {
    machine_.Open();
    node_ = std::make_unique<OneNode>(loop_, machine_.machine());
    clock_.wall_ns = 1'000'000'000'000;
    options_.version = "1.2";
    Open();
  }
  void Open() {
    port_ = *RespPort::Open(loop_, clock_, kAddress, options_, *node_, *node_);
    client_ = Dial();
  }
  std::unique_ptr<Dialler> Dial() {
    auto dialler = std::make_unique<Dialler>();
    env::Connection::Callbacks callbacks;
    callbacks.on_bytes = [one = dialler.get()](ByteView bytes) { one->arrived += bytes; };
    callbacks.on_closed = [one = dialler.get()](const env::Closed&) { one->closed = true; };
    env::ConnectionOptions wide;
    wide.send_queue_max_bytes = std::uint64_t{64} << 20;
    dialler->connection = loop_.Connect(kAddress, wide, std::move(callbacks));
    loop_.Settle();
    return dialler;
  }
  // What is answered to inline commands.
  std::string Say(Dialler& who, const std::string& lines) {
    EXPECT_TRUE(who.connection->Send(lines + "\r\n"));
    loop_.Settle();
    return std::exchange(who.arrived, {});
  }
  std::string Say(const std::string& lines) { return Say(*client_, lines); }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  testing::Node machine_{Environment(), "db"};
  std::unique_ptr<OneNode> node_;
  RespOptions options_;
  std::unique_ptr<RespPort> port_;
  std::unique_ptr<Dialler> client_;
};

TEST_F(RespCommandsTest, OfTheConnection) {
  EXPECT_EQ(Say("ping"), "+PONG\r\n");
  EXPECT_EQ(Say("PING hi"), "$2\r\nhi\r\n");
  EXPECT_EQ(Say("echo 'a b'"), "$3\r\na b\r\n");
  EXPECT_EQ(Say("select 0"), "+OK\r\n");
  EXPECT_EQ(Say("select 1"), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(Say("client getname"), "$-1\r\n");
  EXPECT_EQ(Say("client setname tide"), "+OK\r\n");
  EXPECT_EQ(Say("client getname"), "$4\r\ntide\r\n");
  EXPECT_EQ(Say("client setname 'a b'").substr(0, 5), "-ERR ");
  EXPECT_EQ(Say("client id"), ":1\r\n");
  EXPECT_EQ(Say("client setinfo lib-name x"), "+OK\r\n");
  EXPECT_NE(Say("client list").find("name=tide"), std::string::npos);
  EXPECT_EQ(Say("nothing"), "-ERR unknown command 'nothing'\r\n");
  EXPECT_EQ(Say("get"), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(Say("reset"), "+RESET\r\n");
  EXPECT_EQ(Say("client getname"), "$-1\r\n");
  EXPECT_EQ(Say("quit\r\nping"), "+OK\r\n");
  EXPECT_TRUE(client_->closed);
  EXPECT_EQ(port_->clients(), 0U);
}

TEST_F(RespCommandsTest, HelloChoosesTheProtocol) {
  EXPECT_EQ(Say("get k"), "$-1\r\n");
  EXPECT_EQ(Say("hello 4"), "-NOPROTO unsupported protocol version\r\n");
  const std::string two = Say("hello 2");
  EXPECT_EQ(two.substr(0, 5), "*14\r\n");
  const std::string three = Say("hello 3 setname tide");
  EXPECT_EQ(three.substr(0, 4), "%7\r\n");
  EXPECT_NE(three.find("$5\r\nproto\r\n:3\r\n"), std::string::npos);
  EXPECT_EQ(Say("get k"), "_\r\n");
  EXPECT_EQ(Say("client getname"), "$4\r\ntide\r\n");
  // The reply to what came before is as it was asked for.
  EXPECT_EQ(Say("get k\r\nhello 2\r\nget k").substr(0, 8), "_\r\n*14\r\n");
}

TEST_F(RespCommandsTest, OfStrings) {
  EXPECT_EQ(Say("set k v"), "+OK\r\n");
  EXPECT_EQ(Say("get k"), "$1\r\nv\r\n");
  EXPECT_EQ(Say("strlen k"), ":1\r\n");
  EXPECT_EQ(Say("strlen none"), ":0\r\n");
  EXPECT_EQ(Say("getset k w"), "$1\r\nv\r\n");
  EXPECT_EQ(Say("mset a 1 b 2"), "+OK\r\n");
  EXPECT_EQ(Say("mset a"), "-ERR wrong number of arguments for 'mset' command\r\n");
  EXPECT_EQ(Say("mset a 1 b"), "-ERR wrong number of arguments for 'mset' command\r\n");
  EXPECT_EQ(Say("mget a none b"), "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n");
  EXPECT_EQ(Say("getdel k"), "$1\r\nw\r\n");
  EXPECT_EQ(Say("getdel k"), "$-1\r\n");
  EXPECT_EQ(Say("set k v bad"), "-ERR syntax error\r\n");
}

TEST_F(RespCommandsTest, SetIsDoneAsItsWordsSay) {
  EXPECT_EQ(Say("set k 1 xx"), "$-1\r\n");
  EXPECT_EQ(Say("set k 1 nx"), "+OK\r\n");
  EXPECT_EQ(Say("set k 2 nx"), "$-1\r\n");
  EXPECT_EQ(Say("set k 2 XX GET"), "$1\r\n1\r\n");
  EXPECT_EQ(Say("set k 3 nx get"), "$1\r\n2\r\n");
  EXPECT_EQ(Say("get k"), "$1\r\n2\r\n");
  EXPECT_EQ(Say("set k 4 ex 10\r\nttl k"), "+OK\r\n:10\r\n");
  EXPECT_EQ(Say("set k 5 keepttl\r\npttl k"), "+OK\r\n:10000\r\n");
  EXPECT_EQ(Say("set k 6\r\nttl k"), "+OK\r\n:-1\r\n");
  EXPECT_EQ(Say("set k 7 pxat 1000002000\r\npexpiretime k"), "+OK\r\n:1000002000\r\n");
  EXPECT_EQ(Say("set k 7 exat 1000002\r\nexpiretime k"), "+OK\r\n:1000002\r\n");
  EXPECT_EQ(Say("setnx k 8\r\nsetnx new 8"), ":0\r\n:1\r\n");
  EXPECT_EQ(Say("setex k 5 v\r\nttl k"), "+OK\r\n:5\r\n");
  EXPECT_EQ(Say("psetex k 5000 v\r\nttl k"), "+OK\r\n:5\r\n");
  for (const char* wrong : {"nx xx", "ex", "ex 5 px 5", "ex 5 keepttl", "keepttl ex 5", "bad"}) {
    EXPECT_EQ(Say(std::string("set k v ") + wrong), "-ERR syntax error\r\n") << wrong;
  }
  EXPECT_EQ(Say("set k v ex 0"), "-ERR invalid expire time in 'set' command\r\n");
  EXPECT_EQ(Say("set k v ex -5"), "-ERR invalid expire time in 'set' command\r\n");
  EXPECT_EQ(Say("set k v ex 9223372036854775807"), "-ERR invalid expire time in 'set' command\r\n");
  EXPECT_EQ(Say("set k v ex x"), "-ERR value is not an integer or out of range\r\n");
}

TEST_F(RespCommandsTest, OfNumbers) {
  EXPECT_EQ(Say("incr n\r\nincrby n 41\r\ndecr n\r\ndecrby n -1"), ":1\r\n:42\r\n:41\r\n:42\r\n");
  EXPECT_EQ(Say("get n"), "$2\r\n42\r\n");
  EXPECT_EQ(Say("set n x\r\nincr n"), "+OK\r\n-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Say("set n 9223372036854775807\r\nincr n"),
            "+OK\r\n-ERR increment or decrement would overflow\r\n");
  EXPECT_EQ(Say("incrby n x"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Say("decrby n -9223372036854775808"), "-ERR decrement would overflow\r\n");
  EXPECT_EQ(Say("append a 12\r\nappend a 34\r\nget a"), ":2\r\n:4\r\n$4\r\n1234\r\n");
  EXPECT_EQ(Say("append a " + std::string(60'000, 'v')), ":60004\r\n");
  // What goes wrong with one does not hold up the others of a transaction.
  EXPECT_EQ(Say("set s x\r\nmulti\r\nincr s\r\nincr t\r\nexec"),
            "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n"
            "-ERR value is not an integer or out of range\r\n:1\r\n");
}

TEST_F(RespCommandsTest, KeysExpireByTheClock) {
  EXPECT_EQ(Say("ttl none\r\nexpire none 5\r\npersist none"), ":-2\r\n:0\r\n:0\r\n");
  EXPECT_EQ(Say("set k v\r\nexpire k 5\r\nttl k\r\npttl k"), "+OK\r\n:1\r\n:5\r\n:5000\r\n");
  EXPECT_EQ(Say("expire k 9 nx\r\nexpire k 4 gt\r\nexpire k 9 gt\r\nexpire k 5 lt xx\r\nttl k"),
            ":0\r\n:0\r\n:1\r\n:1\r\n:5\r\n");
  EXPECT_EQ(Say("expire k 5 nx xx").substr(0, 5), "-ERR ");
  EXPECT_EQ(Say("expire k 5 gt lt").substr(0, 5), "-ERR ");
  EXPECT_EQ(Say("expire k 5 bad").substr(0, 5), "-ERR ");
  EXPECT_EQ(Say("persist k\r\npersist k\r\nttl k"), ":1\r\n:0\r\n:-1\r\n");
  EXPECT_EQ(Say("getex k ex 7\r\nttl k\r\ngetex k persist\r\nttl k\r\ngetex k"),
            "$1\r\nv\r\n:7\r\n$1\r\nv\r\n:-1\r\n$1\r\nv\r\n");
  EXPECT_EQ(Say("getex k bad"), "-ERR syntax error\r\n");
  EXPECT_EQ(Say("pexpire k 100\r\nincr n\r\npexpire n 100"), ":1\r\n:1\r\n:1\r\n");
  // Nobody writes; the log is told the time where a read meets what has expired, and only there.
  std::uint64_t before = node_->proposals;
  loop_.Advance(99'000'000);
  EXPECT_EQ(Say("get k"), "$1\r\nv\r\n");
  EXPECT_EQ(node_->proposals, before);
  loop_.Advance(1'000'000);
  EXPECT_EQ(Say("get k\r\nexists k n\r\nttl k"), "$-1\r\n:0\r\n:-2\r\n");
  EXPECT_EQ(node_->proposals, before + 1);
  EXPECT_EQ(Say("get k"), "$-1\r\n");
  EXPECT_EQ(node_->proposals, before + 1);
  EXPECT_EQ(Say("incr n"), ":1\r\n");
  EXPECT_EQ(Say("expire n -1\r\nexists n"), ":1\r\n:0\r\n");
  EXPECT_EQ(Say("set k v\r\nexpireat k 1\r\nexists k"), "+OK\r\n:1\r\n:0\r\n");
  EXPECT_EQ(Say("set k v\r\npexpireat k 1000009000\r\nexpiretime k"), "+OK\r\n:1\r\n:1000009\r\n");
}

// Values of several commands that do not fit one answer come one by one.
TEST_F(RespCommandsTest, WhatIsTooMuchTogetherIsDoneOneByOne) {
  const std::string value(3 << 20, 'v');
  const std::string size = std::to_string(value.size());
  for (const char* key : {"a", "b"}) {
    EXPECT_EQ(Say(std::string("*3\r\n$3\r\nSET\r\n$1\r\n") + key + "\r\n$" + size + "\r\n" + value),
              "+OK\r\n");
  }
  const std::uint64_t before = node_->proposals;
  const std::string said = "$" + size + "\r\n" + value + "\r\n";
  EXPECT_TRUE(Say("getdel a\r\nset a\r\ngetdel b\r\nincr n") ==
              said + "-ERR wrong number of arguments for 'set' command\r\n" + said + ":1\r\n");
  EXPECT_EQ(node_->proposals, before + 4);
}

TEST_F(RespCommandsTest, OfKeys) {
  EXPECT_EQ(Say("mset a 1 b 2 c 3"), "+OK\r\n");
  EXPECT_EQ(Say("exists a b none a"), ":3\r\n");
  EXPECT_EQ(Say("type a"), "+string\r\n");
  EXPECT_EQ(Say("type none"), "+none\r\n");
  EXPECT_EQ(Say("dbsize"), ":3\r\n");
  EXPECT_EQ(Say("del a a none b"), ":2\r\n");
  EXPECT_EQ(Say("unlink c"), ":1\r\n");
  EXPECT_EQ(Say("dbsize"), ":0\r\n");
}

TEST_F(RespCommandsTest, ScanWalksThroughAllKeys) {
  for (int i = 0; i < 25; ++i) Say("set key" + std::to_string(100 + i) + " v");
  std::string replies;
  std::string cursor = "0";
  int steps = 0;
  do {
    const std::string reply = Say("scan " + cursor + " count 10");
    const std::size_t begin = reply.find("\r\n", 4) + 2;
    cursor = reply.substr(begin, reply.find("\r\n", begin) - begin);
    replies += reply;
    ++steps;
  } while (cursor != "0" && steps < 10);
  EXPECT_EQ(steps, 3);
  for (int i = 0; i < 25; ++i) {
    EXPECT_NE(replies.find("key" + std::to_string(100 + i)), std::string::npos);
  }
  EXPECT_EQ(Say("scan 0 match *12[34] count 100"),
            "*2\r\n$1\r\n0\r\n*2\r\n$6\r\nkey123\r\n$6\r\nkey124\r\n");
  EXPECT_EQ(Say("scan 0 type hash count 100"), "*2\r\n$1\r\n0\r\n*0\r\n");
  EXPECT_EQ(Say("scan 77").substr(0, 5), "-ERR ");
  EXPECT_EQ(Say("scan x"), "-ERR invalid cursor\r\n");
  EXPECT_EQ(Say("scan 0 count 0"), "-ERR syntax error\r\n");
  EXPECT_EQ(Say("scan 0 match"), "-ERR syntax error\r\n");
}

TEST_F(RespCommandsTest, DbsizeCountsSoManyAtMost) {
  options_.count_max = 2;
  client_.reset();
  port_.reset();
  Open();
  EXPECT_EQ(Say("mset a 1 b 2\r\ndbsize"), "+OK\r\n:2\r\n");
  EXPECT_EQ(Say("set c 3\r\ndbsize"), "+OK\r\n-ERR more than 2 keys, which are not counted\r\n");
}

TEST_F(RespCommandsTest, ATransactionIsOneEntry) {
  EXPECT_EQ(Say("multi\r\nset a 1\r\nget a\r\ndel a b\r\nget a\r\nmget a a"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  const std::uint64_t before = node_->proposals;
  EXPECT_EQ(Say("exec"), "*5\r\n+OK\r\n$1\r\n1\r\n:1\r\n$-1\r\n*2\r\n$-1\r\n$-1\r\n");
  EXPECT_EQ(node_->proposals, before + 1);
  EXPECT_EQ(Say("exec"), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(Say("multi\r\nset a 2\r\ndiscard\r\nget a"), "+OK\r\n+QUEUED\r\n+OK\r\n$-1\r\n");
  EXPECT_EQ(Say("discard"), "-ERR DISCARD without MULTI\r\n");
  EXPECT_EQ(Say("multi\r\nmulti\r\nexec"), "+OK\r\n-ERR MULTI calls can not be nested\r\n*0\r\n");
  EXPECT_EQ(Say("multi\r\nset a\r\nset a 1\r\nexec\r\nget a"),
            "+OK\r\n-ERR wrong number of arguments for 'set' command\r\n+QUEUED\r\n"
            "-EXECABORT Transaction discarded because of previous errors.\r\n$-1\r\n");
  EXPECT_EQ(Say("multi\r\nscan 0\r\nexec").substr(0, 10), "+OK\r\n-ERR ");
}

TEST_F(RespCommandsTest, WhatIsWatchedMustNotHaveChanged) {
  const auto other = Dial();
  EXPECT_EQ(Say("set a 1\r\nwatch a none\r\nmulti\r\nset a 2\r\nexec"),
            "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(Say("watch a"), "+OK\r\n");
  EXPECT_EQ(Say(*other, "set a 3"), "+OK\r\n");
  EXPECT_EQ(Say("multi\r\nset a 4\r\nexec\r\nget a"), "+OK\r\n+QUEUED\r\n*-1\r\n$1\r\n3\r\n");
  // It is watched no more.
  EXPECT_EQ(Say("multi\r\nset a 4\r\nexec"), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(Say("watch none"), "+OK\r\n");
  EXPECT_EQ(Say(*other, "set none 1"), "+OK\r\n");
  EXPECT_EQ(Say("unwatch\r\nmulti\r\nset a 5\r\nexec"), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(Say("multi\r\nwatch a"), "+OK\r\n-ERR WATCH inside MULTI is not allowed\r\n");
}

TEST_F(RespCommandsTest, WhatIsWatchedAndWasSeenToChangeHasChangedThoughItCameBack) {
  const auto other = Dial();
  EXPECT_EQ(Say("watch none"), "+OK\r\n");
  EXPECT_EQ(Say(*other, "set none 1"), "+OK\r\n");
  EXPECT_EQ(Say("get none"), "$1\r\n1\r\n");
  EXPECT_EQ(Say(*other, "del none"), ":1\r\n");
  EXPECT_EQ(Say("multi\r\nset none 2\r\nexec\r\nget none"), "+OK\r\n+QUEUED\r\n*-1\r\n$-1\r\n");
  // It is watched no more.
  EXPECT_EQ(Say("multi\r\nset none 2\r\nexec"), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
}

TEST_F(RespCommandsTest, OfTheNode) {
  EXPECT_EQ(Say("command count"), ":" + std::to_string(RespCommands().size()) + "\r\n");
  EXPECT_EQ(Say("command info get nothing"),
            "*2\r\n*6\r\n$3\r\nget\r\n:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n:1\r\n*-1\r\n");
  EXPECT_EQ(Say("command docs get").substr(0, 13), "*2\r\n$3\r\nget\r\n");
  const std::string head = "*" + std::to_string(RespCommands().size()) + "\r\n";
  EXPECT_EQ(Say("command").substr(0, head.size()), head);
  EXPECT_EQ(Say("config get save"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
  EXPECT_EQ(Say("config set save x").substr(0, 5), "-ERR ");
  EXPECT_NE(Say("info").find("raft_role:leader"), std::string::npos);
  const std::string info = Say("info clients");
  EXPECT_NE(info.find("connected_clients:1"), std::string::npos);
  EXPECT_EQ(info.find("raft_role"), std::string::npos);
  EXPECT_EQ(Say("slowlog len"), ":0\r\n");
  EXPECT_EQ(Say("slowlog get"), "*0\r\n");
  EXPECT_EQ(Say("slowlog reset"), "+OK\r\n");
}

class OneSecret final : public Authenticator {
 public:
  std::shared_ptr<Account> Find(ByteView user, ByteView token) override {
    if (token != "low") return nullptr;
    if (user == "default") return all_;
    if (user == "writer") return writer;
    return user == "reader" ? reader_ : nullptr;
  }

  static std::shared_ptr<Account> New(Role role) {
    return std::make_shared<Account>(Account{.role = role, .pace = {}});
  }
  std::shared_ptr<Account> writer = New(Role::kWrite);

 private:
  std::shared_ptr<Account> all_ = New(Role::kAdmin);
  std::shared_ptr<Account> reader_ = New(Role::kRead);
};

TEST_F(RespCommandsTest, EachDoesWhatItsRoleMay) {
  OneSecret secret;
  options_.authenticator = &secret;
  client_.reset();
  port_.reset();
  Open();
  const auto denied = [](const char* user, const char* command) {
    return std::string("-NOPERM User ") + user + " has no permissions to run the '" + command +
           "' command\r\n";
  };
  EXPECT_EQ(Say("auth writer low"), "+OK\r\n");
  EXPECT_EQ(Say("set a 1"), "+OK\r\n");
  EXPECT_EQ(Say("get a"), "$1\r\n1\r\n");
  EXPECT_EQ(Say("slowlog len"), denied("writer", "slowlog"));
  EXPECT_EQ(Say("client list"), denied("writer", "client|list"));
  EXPECT_EQ(Say("auth reader low"), "+OK\r\n");
  EXPECT_EQ(Say("get a"), "$1\r\n1\r\n");
  EXPECT_EQ(Say("set a 2"), denied("reader", "set"));
  EXPECT_EQ(Say("config get x"), denied("reader", "config"));
  // What may not be done may not be queued, and then nothing is.
  EXPECT_EQ(Say("multi\r\nget a"), "+OK\r\n+QUEUED\r\n");
  EXPECT_EQ(Say("del a"), denied("reader", "del"));
  EXPECT_EQ(Say("exec").substr(0, 11), "-EXECABORT ");
  EXPECT_EQ(Say("auth default low"), "+OK\r\n");
  EXPECT_EQ(Say("slowlog len"), ":0\r\n");
  EXPECT_EQ(Say("client list").substr(0, 1), "$");
  EXPECT_EQ(Say("get a"), "$1\r\n1\r\n");
  // Who fails to become another one stays who he was.
  EXPECT_EQ(Say("auth reader low"), "+OK\r\n");
  EXPECT_EQ(Say("auth writer high").substr(0, 11), "-WRONGPASS ");
  EXPECT_EQ(Say("get a"), "$1\r\n1\r\n");
  EXPECT_EQ(Say("set a 2"), denied("reader", "set"));
}

TEST_F(RespCommandsTest, AUserHasHisPace) {
  OneSecret secret;
  secret.writer->pace.Renew(10, 3);
  options_.authenticator = &secret;
  client_.reset();
  port_.reset();
  Open();
  const std::string busy = "-BUSY this user asks more often than he may; nothing was done\r\n";
  EXPECT_EQ(Say("auth writer low"), "+OK\r\n");
  // One that waits for a run to end pays once.
  EXPECT_EQ(Say("set a 1\r\nget a\r\nset a 2\r\nget a"), "+OK\r\n$1\r\n1\r\n+OK\r\n" + busy);
  EXPECT_EQ(Say("auth writer low"), "+OK\r\n");  // which anybody may say
  EXPECT_EQ(Say("get a"), busy);
  clock_.now_ns += 200'000'000;
  EXPECT_EQ(Say("multi\r\nset a 3\r\nset a 4"), "+OK\r\n+QUEUED\r\n" + busy);
  clock_.now_ns += 200'000'000;
  EXPECT_EQ(Say("exec").substr(0, 11), "-EXECABORT ");
  EXPECT_EQ(Say("get a"), "$1\r\n2\r\n");
  secret.writer->role = Role::kNone;
  EXPECT_EQ(Say("get a").substr(0, 8), "-NOAUTH ");
}

// Every command that changes keys takes a role that may.
TEST_F(RespCommandsTest, RolesFollowFromWhatCommandsDo) {
  for (const RespCommand& command : RespCommands()) {
    EXPECT_EQ(command.writes, command.role == Role::kWrite) << command.name;
    EXPECT_NE(command.role, Role::kNone) << command.name;
  }
}

TEST_F(RespCommandsTest, WhereAPasswordIsAskedForNothingElseIsDoneBefore) {
  OneSecret secret;
  options_.authenticator = &secret;
  client_.reset();
  port_.reset();
  Open();
  EXPECT_EQ(Say("get a"), "-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(Say("hello 3").substr(0, 8), "-NOAUTH ");
  EXPECT_EQ(Say("auth high").substr(0, 11), "-WRONGPASS ");
  EXPECT_EQ(Say("auth default low"), "+OK\r\n");
  EXPECT_EQ(Say("get a"), "$-1\r\n");
  EXPECT_EQ(Say("reset\r\nget a"), "+RESET\r\n-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(Say("hello 3 auth default low").substr(0, 4), "%7\r\n");
  // A stranger may not make the node keep much.
  const auto stranger = Dial();
  EXPECT_EQ(Say(*stranger, "*11\r\n").substr(0, 21), "-ERR Protocol error: ");
  EXPECT_TRUE(stranger->closed);
}

// Every command says something to every count of words, and the next is answered.
TEST_F(RespCommandsTest, EachAnswersToAnyWords) {
  for (const RespCommand& command : RespCommands()) {
    for (std::size_t words = 0; words < 6; ++words) {
      const auto client = Dial();
      std::string line = command.name;
      for (std::size_t i = 0; i < words; ++i) line += " 1";
      const std::string reply = Say(*client, line);
      ASSERT_FALSE(reply.empty()) << line;
      if (client->closed) continue;
      EXPECT_FALSE(Say(*client, "ping").empty()) << line;
    }
  }
}

}  // namespace
}  // namespace beach::server
