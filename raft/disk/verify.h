// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/files.h"
#include "raft/types.h"

namespace beach::raft {

struct RaftLogReport {
  ClusterId cluster;
  NodeId node;
  std::uint64_t starts = 0;
  std::uint64_t segments = 0;
  std::uint64_t flights = 0;  // up to the first damage
  // Entries behind `base` up to `last`; of a damaged log what a start that takes all of it would
  // make of it, where is_known.
  bool is_known = true;
  LogIndex base;
  LogIndex last;
  std::uint64_t lost = 0;    // of them, those whose bytes are nowhere
  std::uint64_t filled = 0;  // those that stand as lost, and whose bytes came later; if undamaged
  std::uint64_t torn_tail_bytes = 0;  // no damage
  bool log_torn = false;              // the log ends in an item that is not whole; no damage
  std::vector<std::string> debris;    // segments and registers to be that are not listed; no damage
  std::vector<Error> damage;          // each names its file
};

// Checks the log of a node that does not run: both copies of the register, the header of every
// listed segment, every item up to the end of the log, and that its records follow each other.
// Behind damage it goes on with what is sound there. Changes nothing; the LOCK is held meanwhile,
// where there is one. Errors: kBusy, kRefused (an unknown version), kNotFound (no log here), and a
// register of which no copy is sound; whatever else is wrong stands in the report.
Result<RaftLogReport> VerifyRaftLog(env::FileSystem& files, const std::string& directory);

}  // namespace beach::raft
