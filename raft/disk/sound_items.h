// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/wal/log.h"
#include "env/files.h"
#include "raft/disk/register.h"

namespace beach::raft {

struct SoundItem {
  engine::LogPosition begin;
  engine::LogPosition end;
  engine::LogPosition follows;  // the end of the item before it
  engine::LogPosition durable;  // what it vouches for
};

// What is sound in a segment, whatever is damaged before it; without payloads.
struct SoundItems {
  std::vector<SoundItem> items;  // in their order
  // Blocks that the disk does not give back, in their order.
  struct Unread {
    std::uint64_t offset = 0;
    Error error;
  };
  std::vector<Unread> unread;
  std::uint64_t size = 0;  // bytes of the file that were looked at
  // The file is there, as long as it is listed, and was begun as a segment.
  bool is_there = false;

  // The first of them in [begin, end), or null.
  const Unread* UnreadIn(std::uint64_t begin, std::uint64_t end) const;
};

// Called with each item in order, its payload, and what was found up to there; the view lives
// during the call. An error ends the look.
using VisitSoundItem =
    std::function<Status(const SoundItem& item, ByteView payload, const SoundItems& so_far)>;

// Looks at every block of a segment that is listed, without a word from its header block where that
// is damaged. Its items say themselves which segment they are of. A file that is gone has none.
// Holds 1 MiB of it, or the largest item. kRefused: of an unknown version. REQUIRES: the register
// lists the segment.
Result<SoundItems> FindSoundItems(env::FileSystem& files, const std::string& path,
                                  const engine::wal::Segment& segment, const Register& content,
                                  const VisitSoundItem& visit = nullptr);

}  // namespace beach::raft
