// SPDX-License-Identifier: Apache-2.0
// Who may ask what of a node that has users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "server/service/testing/service_fixture.h"

namespace beach::server {
namespace {

using namespace testing;  // NOLINT: its words

class ThreeUsers final : public Authenticator {
 public:
  Role RoleOf(ByteView user, ByteView token) override {
    if (token != "shell") return Role::kNone;
    if (user == "reader") return Role::kRead;
    if (user == "writer") return Role::kWrite;
    return user == "admin" ? Role::kAdmin : Role::kNone;
  }
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
