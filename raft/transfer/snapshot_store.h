// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "raft/message.h"

namespace beach::raft {

// One of the files that a snapshot is made of. Not empty.
struct SnapshotFile {
  std::string path;
  std::uint64_t size_bytes = 0;
};

// A state at one index, as files that stay as they are, and where they are, for as long as this
// object lives. Immutable; let go of it in any thread, which may block.
class PinnedSnapshot {
 public:
  virtual ~PinnedSnapshot() = default;

  virtual const SnapshotMeta& meta() const = 0;
  // What Install needs to know beside the files. Opaque to all between; kDescriptionBytesMax.
  virtual const Bytes& description() const = 0;
  virtual const std::vector<SnapshotFile>& files() const = 0;
  // Reads one of them, by its number: whether it is what was once written. kCorruption: it is
  // damaged, and who made the snapshot knows it from then on. Blocks.
  virtual Status Check(std::size_t number) const = 0;
};

// Where snapshots are made and end up: a state machine, as their transfer sees it. All calls block,
// and are made on a helper's thread.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  // The newest state that there is, durable when it returns. Any failure may be tried again.
  virtual Result<std::unique_ptr<PinnedSnapshot>> Pin() = 0;
  // Reads copies of a snapshot's files, as Install is to be given them. kCorruption: they are not
  // what is described, or damaged anywhere, whoever has damaged them.
  virtual Status Check(ByteView description, const std::vector<std::string>& paths) = 0;
  // Replaces the state by that of a snapshot which another node pinned: copies of its files, in the
  // same order, whole and durable, under paths that the caller removes afterwards. A crash leaves
  // the old state or the new one. REQUIRES: nobody applies meanwhile.
  virtual Status Install(const SnapshotMeta& meta, ByteView description,
                         const std::vector<std::string>& paths) = 0;
};

}  // namespace beach::raft
