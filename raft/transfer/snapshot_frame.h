// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strong_id.h"
#include "raft/types.h"

// What two nodes say to each other while a snapshot's files go from one to the other, byte for byte
// in docs/formats/snapshot_frames.md. One type of frame; the first byte of its payload is the kind.

namespace beach::raft {

inline constexpr std::uint16_t kSnapshotFrameType = 31;  // on the wire: never renumbered

inline constexpr std::uint64_t kDescriptionBytesMax = std::uint64_t{1} << 22;
inline constexpr std::uint64_t kSnapshotFilesMax = std::uint64_t{1} << 16;
inline constexpr std::uint64_t kSnapshotBytesMax = std::uint64_t{1} << 62;  // of all files
inline constexpr std::uint64_t kChunkBytesMax = std::uint64_t{1} << 20;
// Of a payload, for a reader to refuse it before it is read.
inline constexpr std::uint64_t kSnapshotFrameBytesMax = std::uint64_t{6} << 20;

// Which bytes these are: two transfers with one key carry the same, and one may go on where the
// other ended. 0: none.
using SnapshotKey = StrongId<struct SnapshotKeyTag>;

// A place in a snapshot is how many bytes of it lie before, all its files one behind the other.

// From the sender, first and whenever it does not know how far the receiver is.
struct SnapshotBegin {
  LogIndex index;  // of the snapshot
  Term term;
  Bytes description;
  std::vector<std::uint64_t> sizes;  // of its files, none of them 0
};
// Bytes of one file.
struct SnapshotChunk {
  std::uint64_t place = 0;
  std::uint32_t file_crc = 0;  // CRC32C of the whole file, where they end it; else 0
  Bytes bytes;
};
// From the receiver: send on from there. The answer to a begin, and to what did not fit.
struct SnapshotResume {
  std::uint64_t place = 0;
};
// From the receiver: all before that place has been written here.
struct SnapshotHave {
  std::uint64_t place = 0;
};
// From the receiver: all is here, durable and checked.
struct SnapshotDone {};
// From the receiver: it does not want this transfer, or could not take it.
struct SnapshotRefused {};

using SnapshotBody = std::variant<SnapshotBegin, SnapshotChunk, SnapshotResume, SnapshotHave,
                                  SnapshotDone, SnapshotRefused>;

struct SnapshotFrame {
  SnapshotId transfer;  // of the sender's core
  SnapshotKey key;
  SnapshotBody body;
};

// Never 0.
SnapshotKey KeyOf(const SnapshotBegin& begin);
std::uint64_t TotalOf(const std::vector<std::uint64_t>& sizes);
// Whether its limits are kept: what a sender must not exceed, and a reader refuses.
bool Fits(const SnapshotBegin& begin);

// Appends the payload. REQUIRES: it fits.
void EncodeSnapshotFrame(const SnapshotFrame& frame, Bytes& target);
// kCorruption, where the bytes are no such frame. Nothing is allocated that the bytes do not fill.
Result<SnapshotFrame> DecodeSnapshotFrame(ByteView payload);

}  // namespace beach::raft
