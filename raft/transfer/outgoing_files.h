// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"
#include "raft/transfer/snapshot_frame.h"
#include "raft/transfer/snapshot_store.h"

namespace beach::raft {

// A snapshot that is pinned, for whoever it is sent to.
class OutgoingSnapshot {
 public:
  // kInvalidArgument: it is no snapshot that can be sent.
  static Result<std::shared_ptr<OutgoingSnapshot>> Make(std::unique_ptr<PinnedSnapshot> pinned);

  const SnapshotMeta& meta() const { return pinned_->meta(); }
  const std::vector<SnapshotFile>& files() const { return pinned_->files(); }
  const SnapshotBegin& begin() const { return begin_; }
  SnapshotKey key() const { return key_; }
  std::uint64_t total() const { return total_; }
  // Where the file that is at a place ends. REQUIRES: before the total.
  std::uint64_t EndOfFileAt(std::uint64_t place) const;
  std::size_t NumberAt(std::uint64_t place) const;

  // Whether a file is what was written, by its maker's word; of the helper alone, and so is what
  // follows.
  Status Check(std::size_t number) const { return pinned_->Check(number); }
  // Of whole files that were found sound, as far as they are known.
  std::vector<std::optional<std::uint32_t>>& sums() { return sums_; }

 private:
  OutgoingSnapshot(std::unique_ptr<PinnedSnapshot> pinned, SnapshotBegin begin);

  const std::unique_ptr<PinnedSnapshot> pinned_;
  const SnapshotBegin begin_;
  const SnapshotKey key_;
  std::vector<std::uint64_t> ends_;  // of each file
  std::uint64_t total_ = 0;
  std::vector<std::optional<std::uint32_t>> sums_;
};

// Reads its files for one transfer. Blocking; one caller at a time.
class OutgoingReader {
 public:
  OutgoingReader(env::FileSystem& files, std::shared_ptr<OutgoingSnapshot> snapshot)
      : files_(files), snapshot_(std::move(snapshot)) {}

  // So many bytes of one file, with its checksum where they end it, which makes them good for who
  // gets them: so the file is checked before, and where it cannot be read, for its maker to know
  // of it. kCorruption: it is not as it was pinned.
  Result<SnapshotChunk> Read(std::uint64_t place, std::uint64_t length);

 private:
  Status ReadBytes(std::size_t number, std::uint64_t offset, Bytes& bytes);
  Status OpenFile(std::size_t number);
  Result<std::uint32_t> SumOf(std::size_t number);

  env::FileSystem& files_;
  const std::shared_ptr<OutgoingSnapshot> snapshot_;  // others send it too
  std::unique_ptr<env::File> file_;
  std::size_t number_ = 0;    // of file_
  std::uint64_t summed_ = 0;  // the checksum is that of so many of its first bytes
  std::uint32_t crc_ = 0;
};

}  // namespace beach::raft
