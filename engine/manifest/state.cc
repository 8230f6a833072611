// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/state.h"

#include <algorithm>

#include "engine/internal_key.h"
#include "engine/manifest/file_names.h"
#include "engine/options.h"
#include "engine/wal/format.h"

namespace beach::engine {
namespace {

// A snapshot edit with more than one table is no larger than this; one table fits a record, because
// it came in one.
constexpr std::uint64_t kSnapshotEditSize = kMiB;

std::unexpected<Error> Contradiction(const char* what) {
  return Fail(ErrorCode::kCorruption, std::string("manifest edit contradicts its state: ") + what);
}

template <class T>
bool Advance(T& value, const std::optional<T>& to) {
  if (!to) return true;
  if (*to < value) return false;
  value = *to;
  return true;
}

Status ApplySegments(std::vector<wal::Segment>& segments, const ManifestEdit& edit) {
  const auto find = [&segments](SegmentOrdinal ordinal) {
    return std::find_if(segments.begin(), segments.end(),
                        [ordinal](const wal::Segment& s) { return s.ordinal == ordinal; });
  };
  for (const ManifestEdit::Seal& seal : edit.segments_sealed) {
    const auto segment = find(seal.ordinal);
    if (segment == segments.end()) return Contradiction("seals a segment that is not listed");
    if (segment->end != wal::Segment::kOpenEnd) return Contradiction("seals a segment twice");
    segment->end = seal.end;
  }
  for (const SegmentOrdinal ordinal : edit.segments_removed) {
    const auto segment = find(ordinal);
    if (segment == segments.end()) return Contradiction("removes a segment that is not listed");
    segments.erase(segment);
  }
  for (const wal::Segment& segment : edit.segments_added) segments.push_back(segment);
  return {};
}

Status ApplyTables(std::vector<TableInfo>& tables, const ManifestEdit& edit) {
  for (const FileNumber file : edit.tables_removed) {
    const auto table = std::find_if(tables.begin(), tables.end(),
                                    [file](const TableInfo& t) { return t.file == file; });
    if (table == tables.end()) return Contradiction("removes a table that is not listed");
    tables.erase(table);
  }
  for (const TableInfo& table : edit.tables_added) {
    const auto place =
        std::lower_bound(tables.begin(), tables.end(), table.file,
                         [](const TableInfo& t, FileNumber file) { return t.file < file; });
    if (place != tables.end() && place->file == table.file) {
      return Contradiction("adds a table twice");
    }
    tables.insert(place, table);
  }
  return {};
}

Status CheckSegments(const std::vector<wal::Segment>& segments) {
  if (segments.size() > kSegmentsListedMax) return Contradiction("too many segments");
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const wal::Segment& segment = segments[i];
    if (segment.ordinal == SegmentOrdinal{}) return Contradiction("segment ordinal 0");
    if (segment.ordinal > kSegmentOrdinalMax) return Contradiction("an impossible segment ordinal");
    if (segment.size_bytes > wal::kSegmentSizeMax) {
      return Contradiction("a segment of an impossible size");
    }
    if (i > 0 && segment.ordinal <= segments[i - 1].ordinal) {
      return Contradiction("segment ordinals do not increase");
    }
    const bool last = i + 1 == segments.size();
    if (segment.end == wal::Segment::kOpenEnd) {
      if (!last) return Contradiction("an open segment below another");
    } else if (segment.end > segment.size_bytes) {
      return Contradiction("a segment ends beyond its file");
    }
  }
  return {};
}

Status CheckTables(const std::vector<TableInfo>& tables) {
  for (const TableInfo& table : tables) {
    if (table.sequence_max < table.sequence_min || table.entries == 0) {
      return Contradiction("an empty or inverted table");
    }
    if (table.sequence_max > kRecordedSequenceMax) {
      return Contradiction("a table with an impossible sequence number");
    }
    if (table.smallest.size() < kInternalKeyTrailerSize ||
        table.largest.size() < kInternalKeyTrailerSize ||
        CompareInternalKeys(table.smallest, table.largest) > 0) {
      return Contradiction("the bounds of a table");
    }
  }
  return {};
}

Status CheckPosition(LogPosition position) {
  if (position.segment > kSegmentOrdinalMax || position.offset > wal::kSegmentSizeMax) {
    return Contradiction("an impossible position in the log");
  }
  return {};
}

Status CheckCounters(const ManifestState& state) {
  if (state.epoch > kEpochMax) return Contradiction("an impossible epoch");
  if (state.next_file > kFileNumberMax) return Contradiction("an impossible file number");
  if (state.last_sequence > kRecordedSequenceMax) {
    return Contradiction("an impossible sequence number");
  }
  BEACH_TRY(CheckPosition(state.replay_from));
  return CheckPosition(state.durable);
}

}  // namespace

Status ManifestState::Apply(const ManifestEdit& edit) {
  if (edit.database) {
    if (database != DatabaseId{} && database != *edit.database) {
      return Contradiction("another database's edit");
    }
    database = *edit.database;
  }
  if (!Advance(epoch, edit.epoch)) return Contradiction("the epoch goes back");
  if (!Advance(next_file, edit.next_file)) return Contradiction("the next file number goes back");
  if (!Advance(last_sequence, edit.last_sequence)) {
    return Contradiction("the last sequence number goes back");
  }
  if (!Advance(replay_from, edit.replay_from))
    return Contradiction("the replay position goes back");
  if (!Advance(durable, edit.durable)) return Contradiction("the durable position goes back");
  BEACH_TRY(ApplySegments(segments, edit));
  BEACH_TRY(ApplyTables(tables, edit));
  return Check();
}

Status ManifestState::Check() const {
  BEACH_TRY(CheckCounters(*this));
  BEACH_TRY(CheckSegments(segments));
  BEACH_TRY(CheckTables(tables));
  std::vector<FileNumber> numbers;
  numbers.reserve(tables.size() + segments.size());
  for (const TableInfo& table : tables) numbers.push_back(table.file);
  for (const wal::Segment& segment : segments) numbers.push_back(segment.file);
  std::sort(numbers.begin(), numbers.end());
  if (!numbers.empty()) {
    if (numbers.front() == FileNumber{}) return Contradiction("file number 0");
    if (numbers.back() >= next_file) return Contradiction("a file number at or above the next");
  }
  if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) {
    return Contradiction("two files of one number");
  }
  if (!segments.empty()) {
    const bool listed =
        std::any_of(segments.begin(), segments.end(),
                    [this](const wal::Segment& s) { return s.ordinal == replay_from.segment; });
    if (!listed) return Contradiction("replay begins in a segment that is not listed");
    if (durable.segment > segments.back().ordinal) {
      return Contradiction("the log is durable beyond its last segment");
    }
  }
  return {};
}

std::vector<ManifestEdit> ManifestState::Snapshot() const {
  std::vector<ManifestEdit> edits(1);
  ManifestEdit& head = edits.front();
  head.database = database;
  head.epoch = epoch;
  head.next_file = next_file;
  head.last_sequence = last_sequence;
  head.replay_from = replay_from;
  head.durable = durable;
  head.segments_added = segments;
  std::uint64_t size = 128 + 64 * segments.size();
  for (const TableInfo& table : tables) {
    const std::uint64_t more = 128 + table.smallest.size() + table.largest.size();
    if (size > 0 && size + more > kSnapshotEditSize) {
      edits.emplace_back();
      size = 0;
    }
    edits.back().tables_added.push_back(table);
    size += more;
  }
  return edits;
}

}  // namespace beach::engine
