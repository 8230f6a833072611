// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"
#include "raft/types.h"
#include "wire/hello.h"

// Whose a node's directory is: docs/formats/node.md. Written first, so that a crash while the rest
// is made leaves who is to be here; and again when there is a log: from then on the node has been
// here, and what it promised is in that log.
//
// | offset | size  | field                                          |
// |--------|-------|------------------------------------------------|
// | 0      | 4     | "BDBN"                                         |
// | 4      | 2     | version of the format: 1                       |
// | 6      | 16    | cluster                                        |
// | 22     | 8     | node, at least 1                               |
// | 30     | 1     | 1: the log was made; 0: it may be missing      |
// | 31     | 1     | n, 1 to 64: how many voters the cluster began with |
// | 32     | 8 * n | their numbers, ascending                       |
// | 32+8n  | 4     | CRC32C of all before                           |
//
// All numbers are little-endian.

namespace beach::server {

inline constexpr std::uint32_t kNodeIdentityMagic = 0x4e424442;  // "BDBN"
inline constexpr std::uint16_t kNodeIdentityVersion = 1;
inline constexpr char kNodeIdentityFileName[] = "NODE";
inline constexpr std::size_t kFoundersMax = 64;

struct NodeIdentity {
  wire::ClusterId cluster{};
  raft::NodeId node;
  bool made = false;
  std::vector<raft::NodeId> founders;  // voters before the first entry: the same on all nodes
  friend bool operator==(const NodeIdentity&, const NodeIdentity&) = default;
};

// REQUIRES: founders within their limits, ascending.
Bytes EncodeNodeIdentity(const NodeIdentity& identity);
// kCorruption; kRefused: of a later version.
Result<NodeIdentity> DecodeNodeIdentity(ByteView bytes);

// Errors name the file. kNotFound: this directory has none.
Result<NodeIdentity> ReadNodeIdentity(env::FileSystem& files, const std::string& directory);
// Durable when it returns.
Status WriteNodeIdentity(env::FileSystem& files, const std::string& directory,
                         const NodeIdentity& identity);

// Of a cluster that is founded by those nodes under that name: what founders come to by themselves.
// Two clusters of the same name and nodes are told apart by `salt`.
wire::ClusterId ClusterIdOf(ByteView name, const std::vector<raft::NodeId>& founders,
                            std::uint64_t salt);

}  // namespace beach::server
