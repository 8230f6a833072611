// SPDX-License-Identifier: Apache-2.0
#include "server/run/membership.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>

#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::server {
namespace {

Membership Example() {
  Membership membership;
  for (std::size_t i = 0; i < membership.cluster.size(); ++i) {
    membership.cluster[i] = static_cast<std::uint8_t>(i);
  }
  membership.node = raft::NodeId(2);
  membership.made = true;
  membership.founders = {raft::NodeId(1), raft::NodeId(2), raft::NodeId(3)};
  return membership;
}

// With the checksum that fits.
Bytes Summed(Bytes bytes) {
  bytes.resize(bytes.size() - sizeof(std::uint32_t));
  Encoder encoder(bytes);
  encoder.Fixed32(Crc32c(bytes));
  return bytes;
}

TEST(Membership, IsTheBytesOfItsPage) {
  const Bytes bytes = EncodeMembership(Example());
  EXPECT_EQ(bytes.size(), 60U);
  EXPECT_EQ(bytes.substr(0, 6), Bytes("BDBN\x01\x00", 6));
  EXPECT_EQ(bytes.substr(22, 10), Bytes("\x02\0\0\0\0\0\0\0\x01\x03", 10));
}

RC_GTEST_PROP(Membership, IsReadAsItWasWritten, (std::uint64_t node, bool made)) {
  Membership membership = Example();
  membership.node = raft::NodeId(node == 0 ? 1 : node);
  membership.made = made;
  membership.founders.clear();
  for (const std::uint64_t founder : *rc::gen::nonEmpty<std::set<std::uint64_t>>()) {
    if (founder != 0 && membership.founders.size() < kFoundersMax) {
      membership.founders.emplace_back(founder);
    }
  }
  RC_PRE(!membership.founders.empty());
  const auto read = DecodeMembership(EncodeMembership(membership));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == membership);
}

TEST(Membership, WhatIsCutShortOrChangedIsCorruption) {
  const Bytes bytes = EncodeMembership(Example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto read = DecodeMembership(bytes.substr(0, length));
    ASSERT_FALSE(read.has_value()) << length;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    EXPECT_FALSE(DecodeMembership(changed).has_value()) << at;
  }
}

TEST(Membership, WhatMakesNoSenseIsCorruptionThoughItsSumFits) {
  const auto code_of = [](std::size_t at, char value) {
    Bytes bytes = EncodeMembership(Example());
    bytes[at] = value;
    const auto read = DecodeMembership(Summed(bytes));
    return read ? ErrorCode::kBusy : read.error().code();
  };
  EXPECT_EQ(code_of(22, 0), ErrorCode::kCorruption);  // node 0
  EXPECT_EQ(code_of(30, 2), ErrorCode::kCorruption);  // neither made nor not
  EXPECT_EQ(code_of(31, 0), ErrorCode::kCorruption);  // nobody
  EXPECT_EQ(code_of(31, 4), ErrorCode::kCorruption);  // more than there are
  EXPECT_EQ(code_of(32, 0), ErrorCode::kCorruption);  // founder 0
  EXPECT_EQ(code_of(40, 1), ErrorCode::kCorruption);  // the same twice
  EXPECT_EQ(code_of(4, 2), ErrorCode::kRefused);      // of a later version
}

TEST(Membership, FoundersComeToTheSameClusterAndOthersToAnother) {
  const std::vector<raft::NodeId> three = Example().founders;
  EXPECT_EQ(ClusterIdOf("a", three, 0), ClusterIdOf("a", three, 0));
  EXPECT_NE(ClusterIdOf("a", three, 0), ClusterIdOf("b", three, 0));
  EXPECT_NE(ClusterIdOf("a", three, 0), ClusterIdOf("a", three, 1));
  EXPECT_NE(ClusterIdOf("a", three, 0), ClusterIdOf("a", {raft::NodeId(1)}, 0));
}

}  // namespace
}  // namespace beach::server
