// SPDX-License-Identifier: Apache-2.0
#include "server/run/node_identity.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::server {
namespace {

NodeIdentity Example() {
  NodeIdentity identity;
  for (std::size_t i = 0; i < identity.cluster.size(); ++i) {
    identity.cluster[i] = static_cast<std::uint8_t>(i);
  }
  identity.node = raft::NodeId(2);
  identity.made = true;
  identity.founders = {raft::NodeId(1), raft::NodeId(2), raft::NodeId(3)};
  return identity;
}

// With the checksum that fits.
Bytes Summed(Bytes bytes) {
  bytes.resize(bytes.size() - sizeof(std::uint32_t));
  Encoder encoder(bytes);
  encoder.Fixed32(Crc32c(bytes));
  return bytes;
}

// The worked example of docs/formats/node.md.
TEST(NodeIdentity, IsTheBytesOfItsPage) {
  std::ifstream page(std::string(BEACH_SOURCE_DIR) + "/docs/formats/node.md");
  std::stringstream text;
  text << page.rdbuf();
  const std::string read = text.str();
  const std::size_t begin = read.find("```\n") + 4;
  std::istringstream numbers(read.substr(begin, read.rfind("```") - begin));
  Bytes bytes;
  for (unsigned number = 0; numbers >> std::hex >> number;) {
    bytes.push_back(static_cast<char>(number));
  }
  EXPECT_EQ(EncodeNodeIdentity(Example()), bytes);
}

RC_GTEST_PROP(NodeIdentity, IsReadAsItWasWritten, (std::uint64_t node, bool made)) {
  NodeIdentity identity = Example();
  identity.node = raft::NodeId(node == 0 ? 1 : node);
  identity.made = made;
  identity.founders.clear();
  for (const std::uint64_t founder : *rc::gen::nonEmpty<std::set<std::uint64_t>>()) {
    if (founder != 0 && identity.founders.size() < kFoundersMax) {
      identity.founders.emplace_back(founder);
    }
  }
  RC_PRE(!identity.founders.empty());
  const auto read = DecodeNodeIdentity(EncodeNodeIdentity(identity));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == identity);
}

TEST(NodeIdentity, WhatIsCutShortOrChangedIsCorruption) {
  const Bytes bytes = EncodeNodeIdentity(Example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto read = DecodeNodeIdentity(bytes.substr(0, length));
    ASSERT_FALSE(read.has_value()) << length;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    EXPECT_FALSE(DecodeNodeIdentity(changed).has_value()) << at;
  }
}

TEST(NodeIdentity, WhatMakesNoSenseIsCorruptionThoughItsSumFits) {
  const auto code_of = [](std::size_t at, char value) {
    Bytes bytes = EncodeNodeIdentity(Example());
    bytes[at] = value;
    const auto read = DecodeNodeIdentity(Summed(bytes));
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

TEST(NodeIdentity, FoundersComeToTheSameClusterAndOthersToAnother) {
  const std::vector<raft::NodeId> three = Example().founders;
  EXPECT_EQ(ClusterIdOf("a", three, 0), ClusterIdOf("a", three, 0));
  EXPECT_NE(ClusterIdOf("a", three, 0), ClusterIdOf("b", three, 0));
  EXPECT_NE(ClusterIdOf("a", three, 0), ClusterIdOf("a", three, 1));
  EXPECT_NE(ClusterIdOf("a", three, 0), ClusterIdOf("a", {raft::NodeId(1)}, 0));
}

}  // namespace
}  // namespace beach::server
