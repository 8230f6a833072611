// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/manifest/edit.h"

namespace beach::engine {

// Bounds that no database reaches and that keep what is computed from a state far from overflow: a
// manifest with more was not written by us, whatever its checksums say.
inline constexpr OpenEpoch kEpochMax{std::uint64_t{1} << 62};
inline constexpr SegmentOrdinal kSegmentOrdinalMax{std::uint64_t{1} << 62};
// A writer gives none above it.
inline constexpr SequenceNumber kRecordedSequenceMax{kMaxSequence.value - 1};
// Keeps the edit that lists them all well below the record limit.
inline constexpr std::size_t kSegmentsListedMax = std::size_t{1} << 18;

// What the database consists of: the sum of the manifest's edits. A value.
//
// Holds after every successful Apply:
//   - segment ordinals strictly increase; open segments are above all others (the lowest of them is
//     the one that the log is in); each end is within its size;
//   - tables of level 0 have no sequence number in common; those of each deeper level no user key,
//     not even between the ends of their ranges;
//   - every listed file has a number of its own, below next_file;
//   - with any segment listed, replay_from lies in a listed one, and durable not above the last;
//   - in a listed segment, they lie within its end;
//   - epoch, next_file, last_sequence, replay_from, durable and time never go back;
//   - the time is of a sequence number that is not above the last;
//   - with a log mark, which only goes up, no segment is listed;
//   - no number is above its bound: those above, kFileNumberMax, and the size of a segment.
struct ManifestState {
  DatabaseId database;
  OpenEpoch epoch;
  FileNumber next_file{1};
  SequenceNumber last_sequence;
  LogPosition replay_from;
  LogPosition durable;
  TimeMark time;                    // the last mark that tables cover: below replay_from
  std::optional<LogMark> log_mark;  // there: the log is somebody else's, and the tables go so far
  std::vector<TableInfo> tables;    // by file number
  std::vector<wal::Segment> segments;  // by ordinal

  // The last sequence number that needs no log: of the tables, or of what advanced the time.
  SequenceNumber LastWithoutLog() const;

  // kCorruption when the edit contradicts the state, which is then in pieces: apply to a copy.
  Status Apply(const ManifestEdit& edit);
  // kCorruption when what holds after every Apply does not.
  Status Check() const;
  // Edits that make this state out of an empty one, each well below the record limit.
  std::vector<ManifestEdit> Snapshot() const;

  friend bool operator==(const ManifestState&, const ManifestState&) = default;
};

// A state on its way through many edits: the work on each is that of what it touches, whatever the
// state holds.
class ManifestBuilder {
 public:
  explicit ManifestBuilder(ManifestState begin = {});

  // kCorruption when the edit contradicts the state. After a failure the builder is only destroyed.
  Status Apply(const ManifestEdit& edit);
  // The sum. kCorruption when it does not pass Check.
  Result<ManifestState> Finish() &&;

 private:
  Status ApplySegments(const ManifestEdit& edit);
  Status ApplyTables(const ManifestEdit& edit);

  ManifestState state_;  // but for
  std::map<FileNumber, TableInfo> tables_;
  std::map<SegmentOrdinal, wal::Segment> segments_;
};

}  // namespace beach::engine
