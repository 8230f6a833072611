// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine/testing/memory_files.h"
#include "raft/disk/disk_log.h"

// The log of a node and what its state machine holds, as one input. Numbers are little-endian.
//
//   held: index (8), term (8), whether more of it may be lost (1)
//   register: length (4), bytes
//   count of segments less one (1 byte, of which two bits count)
//   for each, of the file numbers from 1 on: size (4), length (4), bytes
//
// A segment's file is its bytes, and zeros up to its size.

namespace beach::fuzz {

struct RaftDirectory {
  struct File {
    std::uint32_t size = 0;
    Bytes bytes;
  };
  raft::HeldState held;
  Bytes register_bytes;
  std::vector<File> files;
};

inline constexpr char kRaftFolder[] = "raft";
inline constexpr std::uint32_t kRaftFileSizeMax = 128 * 1024;

Bytes EncodeRaftDirectory(const RaftDirectory& directory);
// Nothing for an input that is no such directory, or one with a file larger than kRaftFileSizeMax.
std::optional<RaftDirectory> DecodeRaftDirectory(ByteView bytes);

// Makes both copies of a register right.
void SealRegister(Bytes& bytes);

// Into kRaftFolder.
void Materialize(const RaftDirectory& directory, engine::testing::MemoryFiles& files);

}  // namespace beach::fuzz
