// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "env/files.h"
#include "raft/disk/log_map.h"
#include "raft/disk/register.h"

namespace beach::raft {

struct RecoveryRequest {
  env::FileSystem* files = nullptr;
  std::string directory;
  std::uint64_t segment_size_bytes = 0;
  LogIndex applied;  // what the state machine holds durably
  Term applied_term;
};

struct RecoveredLog {
  std::unique_ptr<env::FileLock> lock;
  Register content;         // as it is on disk; the log goes on in the last segment
  engine::LogPosition end;  // there
  LogMap map;
};

// Makes the directory where there is none, reads the log, makes durable what the page cache alone
// may hold, and leaves a register that says so. Blocking.
Result<RecoveredLog> RecoverRaftLog(const RecoveryRequest& request);

}  // namespace beach::raft
