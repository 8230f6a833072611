// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "env/clock.h"
#include "env/files.h"
#include "raft/disk/disk_log.h"
#include "raft/disk/log_map.h"
#include "raft/disk/register.h"

namespace beach::raft {

struct RecoveryRequest {
  env::FileSystem* files = nullptr;
  env::Clock* clock = nullptr;
  std::string directory;
  std::uint64_t segment_size_bytes = 0;
  ClusterId cluster;
  NodeId node;
  bool create = false;
  HeldState held;
};

struct RecoveredLog {
  std::unique_ptr<env::FileLock> lock;
  Register content;         // as it is on disk; the log goes on in the last segment
  engine::LogPosition end;  // there
  LogMap map;
  std::optional<Error> damage;
};

// Makes what is not there, if it may, but not the folder above. Reads the log, makes durable what
// the page cache alone may hold, mends what is damaged, and leaves a register that says so.
// Blocking.
Result<RecoveredLog> RecoverRaftLog(const RecoveryRequest& request);

}  // namespace beach::raft
