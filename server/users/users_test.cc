// SPDX-License-Identifier: Apache-2.0
#include "server/users/users.h"

#include <gtest/gtest.h>

namespace beach::server {
namespace {

User Made(const std::string& name, Role role, const std::string& token) {
  return {.name = name, .role = role, .token = *NewTokenHash(token), .rate = 0, .burst = 0};
}

Role RoleOf(Users& users, ByteView user, ByteView token) {
  const auto account = users.Find(user, token);
  return account == nullptr ? Role::kNone : account->role;
}

TEST(Users, KnowEachByNameAndToken) {
  const std::string one = *NewToken();
  const std::string other = *NewToken();
  EXPECT_NE(one, other);
  EXPECT_EQ(one.size(), 8 + 64);
  Users users({Made("petrel", Role::kWrite, one), Made("gull", Role::kAdmin, other)});
  EXPECT_EQ(RoleOf(users, "petrel", one), Role::kWrite);
  EXPECT_EQ(RoleOf(users, "gull", other), Role::kAdmin);
  EXPECT_EQ(RoleOf(users, "petrel", other), Role::kNone);
  EXPECT_EQ(RoleOf(users, "gull", one), Role::kNone);
  EXPECT_EQ(RoleOf(users, "tern", one), Role::kNone);
  EXPECT_EQ(RoleOf(users, "", ""), Role::kNone);
  EXPECT_EQ(RoleOf(users, "petrel", ""), Role::kNone);
  EXPECT_EQ(RoleOf(users, "petrel", one.substr(1)), Role::kNone);
  EXPECT_EQ(RoleOf(users, "petrel", one + "0"), Role::kNone);
  users.Renew({Made("petrel", Role::kRead, other)});
  EXPECT_EQ(RoleOf(users, "petrel", one), Role::kNone);
  EXPECT_EQ(RoleOf(users, "petrel", other), Role::kRead);
  EXPECT_EQ(RoleOf(users, "gull", other), Role::kNone);
}

TEST(Users, WhatChangesIsSoForThoseWhoAreKnown) {
  const std::string token = *NewToken();
  User petrel = Made("petrel", Role::kWrite, token);
  const User gull = Made("gull", Role::kAdmin, token);
  Users users({petrel, gull});
  const auto first = users.Find("petrel", token);
  const auto second = users.Find("petrel", token);
  const auto gone = users.Find("gull", token);
  EXPECT_TRUE(first->pace.Take(1) && first->pace.Take(1));
  petrel.role = Role::kRead;
  petrel.rate = 1;
  petrel.burst = 2;
  users.Renew({petrel});
  EXPECT_EQ(first->role, Role::kRead);
  EXPECT_EQ(gone->role, Role::kNone);
  EXPECT_TRUE(first->pace.Take(1) && second->pace.Take(1));
  EXPECT_FALSE(first->pace.Take(1));
  EXPECT_FALSE(users.Find("petrel", token)->pace.Take(1));
  petrel.token = *NewTokenHash(token);
  users.Renew({petrel});
  EXPECT_EQ(first->role, Role::kNone);
  EXPECT_EQ(RoleOf(users, "petrel", token), Role::kRead);
}

TEST(Users, WhatIsKeptOfATokenIsAnotherEachTimeAndNotTheToken) {
  const std::string token = *NewToken();
  const TokenHash hash = *NewTokenHash(token);
  EXPECT_NE(TextOf(hash), TextOf(*NewTokenHash(token)));
  EXPECT_EQ(TextOf(hash).find(token.substr(8)), std::string::npos);
  EXPECT_EQ(*ParseTokenHash(TextOf(hash)), hash);
  EXPECT_TRUE(Matches(hash, token));
  // As another's program has hashed it.
  const auto known = ParseTokenHash(
      "sha256:000102030405060708090a0b0c0d0e0f:"
      "bf5a3f36886feef66e5b2bfd3cc79ad97bc5ef4ce3d731156a8ef0a76a4b9010");
  ASSERT_TRUE(known.has_value());
  EXPECT_TRUE(Matches(*known, "shell"));
  EXPECT_FALSE(Matches(*known, "shall"));
}

TEST(Users, TextsThatAreNoHashesAreNotSaidAgain) {
  const std::string good = TextOf(*NewTokenHash("shell"));
  std::string capital = good;
  capital.back() = 'A';
  for (const std::string& bad :
       {std::string(), std::string("beachdb_secret"), good.substr(1), good + "0",
        good.substr(0, good.size() - 1), "md5" + good, capital, "sha256:" + good.substr(8)}) {
    const auto read = ParseTokenHash(bad);
    ASSERT_FALSE(read.has_value()) << bad;
    EXPECT_EQ(read.error().message().find("secret"), std::string::npos);
  }
  EXPECT_EQ(*ParseRole("admin"), Role::kAdmin);
  EXPECT_FALSE(ParseRole("none").has_value());
  EXPECT_FALSE(ParseRole("Admin").has_value());
}

}  // namespace
}  // namespace beach::server
