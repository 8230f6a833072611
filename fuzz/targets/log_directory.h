// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "engine/testing/memory_files.h"
#include "engine/types.h"
#include "engine/wal/log.h"

// A log's segments and what a manifest says of them, as one input. Numbers are little-endian.
//
//   count of segments less one (1 byte, of which two bits count)
//   replay from: ordinal (1), offset (4); durable: ordinal (1), offset (4)
//   for each segment, ordinals from 1 on: size (4), end (4; all ones: open), length (4), bytes
//
// A file is its bytes, and zeros up to its size.

namespace beach::fuzz {

struct LogDirectory {
  struct File {
    std::uint32_t size = 0;
    std::uint32_t end = ~std::uint32_t{0};
    Bytes bytes;
  };
  std::vector<File> files;
  engine::LogPosition replay_from;
  engine::LogPosition durable;
};

inline constexpr char kLogFolder[] = "db";
inline constexpr std::uint32_t kLogFileSizeMax = 128 * 1024;

Bytes EncodeLogDirectory(const LogDirectory& directory);
// Nothing for an input that is no such directory, or one with a file larger than kLogFileSizeMax.
std::optional<LogDirectory> DecodeLogDirectory(ByteView bytes);

// The manifest's list. Files are put into `files`, in kLogFolder.
engine::wal::RecoveryInput Materialize(const LogDirectory& directory,
                                       engine::testing::MemoryFiles& files);

}  // namespace beach::fuzz
