// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/wal/log.h"
#include "env/files.h"
#include "raft/types.h"

// The list of the log's segments: one small file, replaced whole. Byte for byte in
// docs/formats/raft_log.md; why it is not the engine's manifest: docs/decisions/013.

namespace beach::raft {

inline constexpr char kRegisterFileName[] = "REGISTER";
inline constexpr char kLogLockFileName[] = "LOCK";
inline constexpr std::uint32_t kRegisterVersion = 1;
inline constexpr std::uint64_t kRegisterHeadSize = 84;  // before the segments
inline constexpr std::uint64_t kRegisterSegmentSize = 32;
inline constexpr std::uint64_t kRegisterSegmentsMax = std::uint64_t{1} << 16;

struct Register {
  std::uint64_t starts = 0;  // opens that came to their end; the epoch of what the last one wrote
  engine::FileNumber next_file{1};
  engine::SegmentOrdinal next_ordinal{1};
  // The last entry that the log no longer has, as far as this file knows: records of the log may
  // know of a later one.
  LogIndex base;
  Term base_term;
  engine::LogPosition durable;  // below it all is
  std::vector<engine::wal::Segment> segments;

  engine::OpenEpoch epoch() const { return engine::OpenEpoch(starts); }
  friend bool operator==(const Register&, const Register&) = default;
};

Bytes EncodeRegister(const Register& content);
// kRefused for a file that is not ours or of an unknown version; kCorruption for all else that is
// no register: what a decoded one says cannot overflow.
Result<Register> DecodeRegister(ByteView bytes, const std::string& path);

// kNotFound where there is none.
Result<Register> ReadRegister(env::FileSystem& files, const std::string& directory);
// Durable when it returns; after a crash in it the old one or the new one is there.
Status WriteRegister(env::FileSystem& files, const std::string& directory, const Register& content);

}  // namespace beach::raft
