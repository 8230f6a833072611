// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/db.h"
#include "engine/log_mark.h"
#include "engine/pinned_files.h"
#include "engine/types.h"
#include "raft/transfer/snapshot_store.h"

namespace beach::server {

// What a snapshot is beside its files: how they make a database, byte for byte in
// docs/formats/snapshot_description.md.
struct SnapshotDescription {
  engine::LogMark mark;
  engine::SequenceNumber last_sequence;
  std::uint64_t time = 0;                 // the database's
  std::vector<engine::PinnedFile> files;  // without paths
};

Bytes EncodeSnapshotDescription(const SnapshotDescription& description);
// kCorruption: none of ours. Nothing is allocated that the bytes do not fill.
Result<SnapshotDescription> DecodeSnapshotDescription(ByteView bytes);

// All that is applied to a database of a machine's, as a snapshot. kNotFound: nothing is; else as
// of Db::PinFiles.
Result<std::unique_ptr<raft::PinnedSnapshot>> PinSnapshot(engine::Db& db);

// Reads all of the files under these paths. kCorruption: the description is none, or of another
// number of files; else as of Db::CheckFile.
Status CheckSnapshot(engine::Db& db, ByteView description, const std::vector<std::string>& paths);

// Db::Install of what was described, with the files under these paths. kCorruption: the description
// is none, of another index or term, or of another number of files; else as of Db::Install.
Status InstallSnapshot(engine::Db& db, const raft::SnapshotMeta& meta, ByteView description,
                       const std::vector<std::string>& paths);

}  // namespace beach::server
