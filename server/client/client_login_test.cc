// SPDX-License-Identifier: Apache-2.0
// A client that says who it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <variant>
#include <vector>

#include "server/client/testing/client_fixture.h"

namespace beach::server {
namespace {

using namespace testing;  // NOLINT: its words

constexpr std::uint16_t kLoginType = static_cast<std::uint16_t>(RequestType::kAuthenticate);

class ClientLoginTest : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    options_.user = "petrel";
    options_.token = "shell";
    opens_ = false;
  }
  void ExpectLogin(const Asked& asked) {
    ASSERT_EQ(asked.type, kLoginType);
    const auto request = DecodeRequest(asked.type, asked.payload);
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(std::get<AuthenticateRequest>(*request),
              (AuthenticateRequest{.deadline_ms = 0, .user = "petrel", .token = "shell"}));
  }
};

TEST_F(ClientLoginTest, EachConnectionBeginsWithIt) {
  Begin();
  Get();
  loop_.Settle();
  ASSERT_EQ(asked_.size(), 2U);
  ExpectLogin(asked_[0]);
  Say(asked_[0], AuthenticateReply{});
  Failed(asked_[1], FailureKind::kNotLeader, true, true, 2);
  asked_.clear();
  loop_.Advance(options_.retry_high_ns);
  loop_.Settle();
  // Others are dialled, and one of them is asked.
  std::map<std::size_t, int> seen;
  for (const Asked& asked : std::vector<Asked>(asked_)) {
    EXPECT_NE(asked.node, 1U);
    if (seen[asked.node]++ == 0) {
      ExpectLogin(asked);
      Say(asked, AuthenticateReply{});
    } else {
      Say(asked, GetReply{.leader = {}, .index = 9, .value = "grain"});
    }
  }
  loop_.Settle();
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0]->value, "grain");
  asked_.clear();
  Get();
  EXPECT_NE(Only().type, kLoginType);
}

TEST_F(ClientLoginTest, WhoIsNotKnownIsToldSoAndAsksNoMore) {
  Begin();
  Get();
  Put();
  loop_.Settle();
  ASSERT_EQ(asked_.size(), 3U);  // the put waits for a session
  for (const Asked& asked : asked_) Failed(asked, FailureKind::kUnauthenticated, true, false);
  asked_.clear();
  loop_.Settle();
  ASSERT_EQ(got_.size(), 1U);
  EXPECT_EQ(got_[0].error().kind, FailureKind::kUnauthenticated);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].error().kind, FailureKind::kUnauthenticated);
  loop_.Advance(10 * options_.retry_high_ns);
  loop_.Settle();
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(client_->calls(), 0U);
}

TEST_F(ClientLoginTest, WhoMayNotWriteIsToldSo) {
  Begin();
  Put();
  loop_.Settle();
  ASSERT_EQ(asked_.size(), 2U);
  Say(asked_[0], AuthenticateReply{});
  Failed(asked_[1], FailureKind::kForbidden, true, false);
  loop_.Settle();
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].error().kind, FailureKind::kForbidden);
}

}  // namespace
}  // namespace beach::server
