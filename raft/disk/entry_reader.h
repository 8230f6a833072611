// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/wal/log.h"
#include "env/files.h"
#include "raft/types.h"

namespace beach::raft {

// Entries [first, last] stand in the flight at `at` of the segment in this file.
struct EntryPlace {
  std::string path;
  engine::LogPosition at;
  std::uint64_t readable = 0;  // offset: the file may be written to from there on
  LogIndex first;
  LogIndex last;
};

// Reads the entries of these places, which follow each other, until they exceed `bytes_max`; one
// at least. kCorruption, with path and offset, where one of them does not stand there.
Result<std::vector<Entry>> ReadEntries(env::FileSystem& files,
                                       const std::vector<EntryPlace>& places,
                                       std::uint64_t bytes_max);

}  // namespace beach::raft
