// SPDX-License-Identifier: Apache-2.0
#include "wire/hello.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace beach::wire {
namespace {

constexpr ClusterId kOurs{'o', 'u', 'r', 's'};
constexpr ClusterId kTheirs{'t', 'h', 'e', 'i', 'r', 's'};

Hello FromNode(std::uint64_t from, std::uint64_t to) {
  Hello hello;
  hello.cluster = kOurs;
  hello.from = NodeNumber(from);
  hello.to = NodeNumber(to);
  return hello;
}

TEST(Hello, AClusterKnowsItsOwn) {
  EXPECT_EQ(Judge(FromNode(1, 2), kOurs, NodeNumber(2)).verdict, HelloVerdict::kWelcome);
  EXPECT_EQ(Judge(FromNode(1, 2), kOurs, NodeNumber(2)).version, kVersionMax);
  EXPECT_EQ(Judge(FromNode(1, 2), kTheirs, NodeNumber(2)).verdict, HelloVerdict::kOtherCluster);
  EXPECT_EQ(Judge(FromNode(1, 2), kOurs, NodeNumber(3)).verdict, HelloVerdict::kOtherNode);
}

TEST(Hello, AClientMayReachAnyNode) {
  EXPECT_EQ(Judge(FromNode(0, 0), kOurs, NodeNumber(3)).verdict, HelloVerdict::kWelcome);
}

TEST(Hello, AClientMayNotKnowTheCluster) {
  Hello stranger = FromNode(0, 0);
  stranger.cluster = {};
  EXPECT_EQ(Judge(stranger, kOurs, NodeNumber(3)).verdict, HelloVerdict::kWelcome);
  stranger.cluster = kTheirs;
  EXPECT_EQ(Judge(stranger, kOurs, NodeNumber(3)).verdict, HelloVerdict::kOtherCluster);
  stranger = FromNode(1, 3);  // a node always knows
  stranger.cluster = {};
  EXPECT_EQ(Judge(stranger, kOurs, NodeNumber(3)).verdict, HelloVerdict::kOtherCluster);
}

TEST(Hello, VersionsMustMeet) {
  Hello later = FromNode(1, 2);
  later.version_min = kVersionMax + 1;
  later.version_max = kVersionMax + 2;
  EXPECT_EQ(Judge(later, kOurs, NodeNumber(2)).verdict, HelloVerdict::kNoCommonVersion);
  later.version_min = kVersionMax;
  EXPECT_EQ(Judge(later, kOurs, NodeNumber(2)).version, kVersionMax);
}

RC_GTEST_PROP(Hello, IsReadAsItWasWritten, (std::uint64_t from, std::uint64_t to)) {
  const Hello hello = FromNode(from, to);
  const auto read = DecodeHello(Encode(hello) + *rc::gen::arbitrary<std::string>());
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == hello);
  const HelloAnswer answer = Judge(hello, *rc::gen::element(kOurs, kTheirs), NodeNumber(to));
  const auto answered = DecodeHelloAnswer(Encode(answer));
  RC_ASSERT(answered.has_value());
  RC_ASSERT(*answered == answer);
}

TEST(Hello, WhatIsCutShortOrMakesNoSenseIsRefused) {
  const Bytes hello = Encode(FromNode(1, 2));
  for (std::size_t length = 0; length < hello.size(); ++length) {
    EXPECT_FALSE(DecodeHello(hello.substr(0, length)).has_value()) << length;
  }
  Hello inverted = FromNode(1, 2);
  inverted.version_min = 5;
  inverted.version_max = 4;
  EXPECT_FALSE(DecodeHello(Encode(inverted)).has_value());

  const Bytes answer = Encode(Judge(FromNode(1, 2), kOurs, NodeNumber(2)));
  for (std::size_t length = 0; length < answer.size(); ++length) {
    EXPECT_FALSE(DecodeHelloAnswer(answer.substr(0, length)).has_value()) << length;
  }
  Bytes unknown = answer;
  unknown[0] = '\x09';
  EXPECT_FALSE(DecodeHelloAnswer(unknown).has_value());
  unknown[0] = '\x01';  // refused, and yet with a version
  EXPECT_FALSE(DecodeHelloAnswer(unknown).has_value());
}

}  // namespace
}  // namespace beach::wire
