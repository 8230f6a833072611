// SPDX-License-Identifier: Apache-2.0
// Who may ask what of a node that has users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <variant>

#include "server/service/testing/service_fixture.h"

namespace beach::server {
namespace {

using namespace testing;  // NOLINT: its words

class ThreeUsers final : public Authenticator {
 public:
  std::shared_ptr<Account> Find(ByteView user, ByteView token) override {
    const auto found = accounts.find(user);
    return found == accounts.end() || token != "shell" ? nullptr : found->second;
  }

  static std::shared_ptr<Account> New(Role role) {
    return std::make_shared<Account>(Account{.role = role, .pace = {}});
  }
  std::map<std::string, std::shared_ptr<Account>, std::less<>> accounts = {
      {"reader", New(Role::kRead)}, {"writer", New(Role::kWrite)}, {"admin", New(Role::kAdmin)}};
};

class ServiceRoleTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    parts_.authenticator = &users_;
    parts_.admin = &admin_;
    store_.values["sand"] = "grain";
    Begin();
  }
  void Login(Client& client, ByteView user, ByteView token = "shell") {
    Ask(client, ++asked_, AuthenticateRequest{.deadline_ms = 0, .user = user, .token = token});
  }
  bool IsLoggedIn(Client& client) {
    const auto replies = Replies(client);
    return replies.size() == 1 && std::holds_alternative<AuthenticateReply>(replies[0].second);
  }
  // What the only reply says that is not there; kInvalid stands for anything else.
  FailureKind Refusal(Client& client) {
    const Failure failure = OnlyFailure(client);
    EXPECT_TRUE(failure.retry_is_safe);
    EXPECT_FALSE(failure.retry_may_help);
    return failure.kind;
  }

  ThreeUsers users_;
  std::uint64_t asked_ = 100;
};

TEST_F(ServiceRoleTest, StrangersAreToldTheStatusAlone) {
  Client& client = Connect();
  Ask(client, 1, StatusRequest{});
  const auto status = Replies(client);
  ASSERT_EQ(status.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<StatusReply>(status[0].second));
  const Bytes command = PutCommand("sand", "shell");
  const Request requests[] = {
      WriteRequest{.deadline_ms = 0, .command = command},
      GetRequest{.deadline_ms = 0, .consistency = Consistency::kStale, .key = "sand"},
      ScanRequest{},
      WatchRequest{},
      TransferRequest{.deadline_ms = 0, .target = NodeNumber(3)},
      ChangeRequest{.deadline_ms = 0, .joint = false, .changes = {{.node = NodeNumber(4)}}},
  };
  for (const Request& request : requests) {
    Ask(client, 2, request);
    EXPECT_EQ(Refusal(client), FailureKind::kUnauthenticated) << TypeOf(request);
  }
  EXPECT_TRUE(replica_.proposals.empty());
  EXPECT_EQ(store_.gets, 0);
  EXPECT_EQ(service_->calls(), 0U);
  EXPECT_LT(service_->PayloadMaxOf(client.id), 100'000U);
}

TEST_F(ServiceRoleTest, EachRoleDoesWhatThoseBeforeItMay) {
  Client& client = Connect();
  Login(client, "reader");
  ASSERT_TRUE(IsLoggedIn(client));
  AskGet(client, 1, Consistency::kStale);
  EXPECT_TRUE(std::holds_alternative<GetReply>(Replies(client).at(0).second));
  AskPut(client, 2);
  EXPECT_EQ(Refusal(client), FailureKind::kForbidden);
  Login(client, "writer");
  ASSERT_TRUE(IsLoggedIn(client));
  AskGet(client, 3, Consistency::kStale);
  EXPECT_TRUE(std::holds_alternative<GetReply>(Replies(client).at(0).second));
  AskPut(client, 4);
  EXPECT_EQ(replica_.proposals.size(), 1U);
  AskTransfer(client, 5, 3);
  EXPECT_EQ(Refusal(client), FailureKind::kForbidden);
  Login(client, "admin");
  ASSERT_TRUE(IsLoggedIn(client));
  AskTransfer(client, 6, 3);
  EXPECT_EQ(OnlyFailure(client).kind, FailureKind::kNotLeader);
  EXPECT_GT(service_->PayloadMaxOf(client.id), kCommandSizeMax);
}

TEST_F(ServiceRoleTest, WhoFailsToBecomeAnotherStaysWhoHeWas) {
  Client& client = Connect();
  Login(client, "admin", "sand");
  EXPECT_EQ(Refusal(client), FailureKind::kUnauthenticated);
  AskGet(client, 1, Consistency::kStale);
  EXPECT_EQ(Refusal(client), FailureKind::kUnauthenticated);
  Login(client, "reader");
  ASSERT_TRUE(IsLoggedIn(client));
  Login(client, "admin", "sand");
  EXPECT_EQ(Refusal(client), FailureKind::kUnauthenticated);
  AskPut(client, 2);
  EXPECT_EQ(Refusal(client), FailureKind::kForbidden);
  // What one has said is of his connection alone.
  Client& other = Connect();
  AskGet(other, 3, Consistency::kStale);
  EXPECT_EQ(Refusal(other), FailureKind::kUnauthenticated);
}

TEST_F(ServiceRoleTest, ARoleThatChangesIsAnotherAtOnce) {
  Client& client = Connect();
  Login(client, "writer");
  ASSERT_TRUE(IsLoggedIn(client));
  users_.accounts["writer"]->role = Role::kRead;
  AskPut(client, 1);
  EXPECT_EQ(Refusal(client), FailureKind::kForbidden);
  users_.accounts["writer"]->role = Role::kNone;
  AskGet(client, 2, Consistency::kStale);
  EXPECT_EQ(Refusal(client), FailureKind::kUnauthenticated);
  EXPECT_LT(service_->PayloadMaxOf(client.id), 100'000U);
}

TEST_F(ServiceRoleTest, AUserHasHisPaceOverAllHisConnections) {
  users_.accounts["writer"]->pace.Renew(10, 2);
  Client& one = Connect();
  Client& two = Connect();
  Client& other = Connect();
  Login(one, "writer");
  Login(two, "writer");
  Login(other, "reader");
  for (Client* client : {&one, &two, &other}) ASSERT_TRUE(IsLoggedIn(*client));
  const auto served = [&](Client& client) {
    AskGet(client, ++asked_, Consistency::kStale);
    const auto replies = Replies(client);
    if (replies.size() == 1 && std::holds_alternative<GetReply>(replies[0].second)) return true;
    const auto& failure = std::get<Failure>(replies.at(0).second);
    EXPECT_EQ(failure.kind, FailureKind::kOverloaded);
    EXPECT_TRUE(failure.retry_is_safe && failure.retry_may_help);
    return false;
  };
  EXPECT_TRUE(served(one));
  EXPECT_TRUE(served(two));
  EXPECT_FALSE(served(one));
  EXPECT_FALSE(served(two));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(served(other));
  Ask(one, ++asked_, StatusRequest{});
  EXPECT_TRUE(std::holds_alternative<StatusReply>(Replies(one).at(0).second));
  clock_.now_ns += 100'000'000;
  EXPECT_TRUE(served(two));
  EXPECT_FALSE(served(one));
}

TEST_F(ServiceRoleTest, WithoutUsersEverybodyMayDoEverything) {
  parts_.authenticator = nullptr;
  Begin();
  Client& client = Connect();
  AskPut(client, 1);
  EXPECT_EQ(replica_.proposals.size(), 1U);
  Login(client, "anybody", "anything");
  EXPECT_TRUE(IsLoggedIn(client));
}

}  // namespace
}  // namespace beach::server
