// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/write_batch.h"
#include "raft/types.h"

namespace beach::server {

// Is told what each entry has done to a machine: what it wrote, not what it asked for. Called by
// who applies, on his thread, one call at a time; it calls nothing of the machine, and is quick.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  // What all entries up to `index` have done is there, and is not told. First, and whenever the
  // machine's state was replaced.
  virtual void Begins(raft::LogIndex index) = 0;
  // The entry behind the last was applied, and wrote this: rows of sessions are among it
  // (server/machine/key_space.h). Borrowed for the call.
  virtual void Applied(raft::LogIndex index, const engine::WriteBatch& batch) = 0;
};

}  // namespace beach::server
