// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/wal/log.h"
#include "env/clock.h"
#include "env/files.h"
#include "raft/disk/record.h"
#include "raft/types.h"

// Whose log this is, the list of its segments, and what it was when that was written: one small
// file, replaced whole, with all of it in it twice. Byte for byte in docs/formats/raft_log.md; why
// it is not the engine's manifest: docs/decisions/013.

namespace beach::raft {

inline constexpr char kRegisterFileName[] = "REGISTER";
inline constexpr char kLogLockFileName[] = "LOCK";
inline constexpr std::uint32_t kRegisterVersion = 3;
inline constexpr std::uint64_t kRegisterHeadSize = 104;  // before the segments
inline constexpr std::uint64_t kRegisterSegmentSize = 32;
inline constexpr std::uint64_t kRegisterSegmentsMax = std::uint64_t{1} << 16;
inline constexpr std::size_t kRegisterRunsMax = std::size_t{1} << 16;  // of its head

struct Register {
  ClusterId cluster;
  NodeId node;
  std::uint64_t starts = 0;  // opens that came to their end; the epoch of what the last one wrote
  engine::FileNumber next_file{1};
  engine::SegmentOrdinal next_ordinal{1};
  // The last entry that the log no longer has, as far as this file knows: records of the log may
  // know of a later one.
  LogIndex base;
  Term base_term;
  engine::LogPosition durable;  // below it all is, and
  LogHead head;                 // comes to this
  std::vector<engine::wal::Segment> segments;
  // Drawn when the log is made, in all of its segments, and told to nobody: bytes of a payload
  // cannot pass for an item. Never 0.
  engine::LogSalt salt;

  engine::OpenEpoch epoch() const { return engine::OpenEpoch(starts); }
  friend bool operator==(const Register&, const Register&) = default;
};

struct FoundRegister {
  Register content;
  std::optional<Error> damage;  // of the other copy
};

// A salt that nobody guesses.
engine::LogSalt NewLogSalt(env::Clock& clock, const std::string& directory);

// Of the whole file: both copies.
Bytes EncodeRegister(const Register& content);
// One sound copy is enough. kRefused for a file that is not ours or of an unknown version;
// kCorruption for all else that is no register: what a decoded one says cannot overflow.
Result<FoundRegister> DecodeRegister(ByteView bytes, const std::string& path);

// kNotFound where there is none. What cannot be read is damage where the other copy can be.
Result<FoundRegister> ReadRegister(env::FileSystem& files, const std::string& directory);
// Durable when it returns; after a crash in it the old one or the new one is there.
Status WriteRegister(env::FileSystem& files, const std::string& directory, const Register& content);

}  // namespace beach::raft
