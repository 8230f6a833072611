// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/state.h"

#include <algorithm>
#include <iterator>
#include <utility>

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

Status CheckSegment(const wal::Segment& segment) {
  if (segment.ordinal == SegmentOrdinal{}) return Contradiction("segment ordinal 0");
  if (segment.ordinal > kSegmentOrdinalMax) return Contradiction("an impossible segment ordinal");
  if (segment.size_bytes > wal::kSegmentSizeMax) {
    return Contradiction("a segment of an impossible size");
  }
  if (segment.end != wal::Segment::kOpenEnd && segment.end > segment.size_bytes) {
    return Contradiction("a segment ends beyond its file");
  }
  return {};
}

// Of neighbours in the list.
Status CheckOrder(const wal::Segment& lower, const wal::Segment& upper) {
  if (upper.ordinal <= lower.ordinal) return Contradiction("segment ordinals do not increase");
  if (lower.end == wal::Segment::kOpenEnd && upper.end != wal::Segment::kOpenEnd) {
    return Contradiction("an open segment below one with an end");
  }
  return {};
}

Status CheckSegments(const std::vector<wal::Segment>& segments) {
  if (segments.size() > kSegmentsListedMax) return Contradiction("too many segments");
  for (std::size_t i = 0; i < segments.size(); ++i) {
    BEACH_TRY(CheckSegment(segments[i]));
    if (i > 0) BEACH_TRY(CheckOrder(segments[i - 1], segments[i]));
  }
  return {};
}

Status CheckTable(const TableInfo& table) {
  if (table.sequence_max < table.sequence_min || table.entries == 0) {
    return Contradiction("an empty or inverted table");
  }
  if (table.sequence_max > kRecordedSequenceMax) {
    return Contradiction("a table with an impossible sequence number");
  }
  if (table.origin_file && (*table.origin_file == FileNumber{} ||
                            *table.origin_file > kFileNumberMax || !table.origin)) {
    return Contradiction("a table of an impossible number there");
  }
  if (table.smallest.size() < kInternalKeyTrailerSize ||
      table.largest.size() < kInternalKeyTrailerSize ||
      CompareInternalKeys(table.smallest, table.largest) > 0) {
    return Contradiction("the bounds of a table");
  }
  return {};
}

// Of neighbours by sequence number.
Status CheckNewest(const TableInfo& older, const TableInfo& newer) {
  if (newer.sequence_min > older.sequence_max) return {};
  return Contradiction("tables of level 0 that overlap in sequence numbers");
}

// Of neighbours by smallest key.
Status CheckApart(const TableInfo& left, const TableInfo& right) {
  const int order = UserKeyOf(left.largest).compare(UserKeyOf(right.smallest));
  // One that ends with a range delete may end where the next one begins.
  if (order < 0 || (order == 0 && IsExclusiveBound(left.largest))) return {};
  return Contradiction("tables of one level that overlap in keys");
}

Status CheckLevels(const std::vector<TableInfo>& tables) {
  std::vector<const TableInfo*> levels[kLevelCount];
  for (const TableInfo& table : tables) {
    if (table.level >= kLevelCount) return Contradiction("a table at no level");
    levels[table.level].push_back(&table);
  }
  for (std::vector<const TableInfo*>& level : levels) {
    const bool newest = &level == &levels[0];
    std::sort(level.begin(), level.end(), [newest](const TableInfo* a, const TableInfo* b) {
      if (newest) return a->sequence_min < b->sequence_min;
      return CompareInternalKeys(a->smallest, b->smallest) < 0;
    });
    for (std::size_t i = 1; i < level.size(); ++i) {
      BEACH_TRY(newest ? CheckNewest(*level[i - 1], *level[i])
                       : CheckApart(*level[i - 1], *level[i]));
    }
  }
  return {};
}

Status CheckFileNumber(FileNumber file, FileNumber next) {
  if (file == FileNumber{}) return Contradiction("file number 0");
  if (file >= next) return Contradiction("a file number at or above the next");
  return {};
}

Status CheckPosition(LogPosition position) {
  if (position.segment > kSegmentOrdinalMax || position.offset > wal::kSegmentSizeMax) {
    return Contradiction("an impossible position in the log");
  }
  return {};
}

// Of a position in that segment.
Status CheckWithin(const wal::Segment& segment, LogPosition position) {
  if (position.segment != segment.ordinal) return {};
  if (position.offset > std::min(segment.end, segment.size_bytes)) {
    return Contradiction("a position beyond the end of its segment");
  }
  if (!wal::MayBePosition(position)) return Contradiction("a position inside a segment's header");
  return {};
}

Status CheckCounters(const ManifestState& state) {
  if (state.epoch > kEpochMax) return Contradiction("an impossible epoch");
  if (state.next_file > kFileNumberMax) return Contradiction("an impossible file number");
  if (state.last_sequence > kRecordedSequenceMax) {
    return Contradiction("an impossible sequence number");
  }
  if (state.time.sequence > state.last_sequence) {
    return Contradiction("a time of an impossible sequence number");
  }
  BEACH_TRY(CheckPosition(state.replay_from));
  return CheckPosition(state.durable);
}

Status AdvanceTime(TimeMark& mark, const std::optional<TimeMark>& to) {
  if (!to) return {};
  if (to->sequence < mark.sequence || to->time < mark.time) return Contradiction("time goes back");
  mark = *to;
  return {};
}

Status AdvanceMark(std::optional<LogMark>& mark, const std::optional<LogMark>& to) {
  if (!to) return {};
  if (mark && to->index < mark->index) return Contradiction("the log mark goes back");
  mark = to;
  return {};
}

}  // namespace

SequenceNumber ManifestState::LastWithoutLog() const {
  SequenceNumber last = time.sequence;
  for (const TableInfo& table : tables) last = std::max(last, table.sequence_max);
  return last;
}

Status ManifestState::Apply(const ManifestEdit& edit) {
  ManifestBuilder builder(std::move(*this));
  BEACH_TRY(builder.Apply(edit));
  BEACH_TRY_ASSIGN(*this, std::move(builder).Finish());
  return {};
}

Status ManifestState::Check() const {
  BEACH_TRY(CheckCounters(*this));
  BEACH_TRY(CheckSegments(segments));
  std::vector<FileNumber> numbers;
  numbers.reserve(tables.size() + segments.size());
  for (const TableInfo& table : tables) {
    BEACH_TRY(CheckTable(table));
    numbers.push_back(table.file);
  }
  BEACH_TRY(CheckLevels(tables));
  for (const wal::Segment& segment : segments) {
    BEACH_TRY(CheckWithin(segment, replay_from));
    BEACH_TRY(CheckWithin(segment, durable));
    numbers.push_back(segment.file);
  }
  std::sort(numbers.begin(), numbers.end());
  for (const FileNumber number : numbers) BEACH_TRY(CheckFileNumber(number, next_file));
  if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) {
    return Contradiction("two files of one number");
  }
  if (log_mark && !segments.empty()) {
    return Contradiction("a log of its own beside somebody else's");
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

ManifestBuilder::ManifestBuilder(ManifestState begin) : state_(std::move(begin)) {
  for (TableInfo& table : state_.tables) {
    const FileNumber file = table.file;
    tables_.emplace_hint(tables_.end(), file, std::move(table));
  }
  for (const wal::Segment& segment : state_.segments) {
    segments_.emplace_hint(segments_.end(), segment.ordinal, segment);
  }
  state_.tables.clear();
  state_.segments.clear();
}

Status ManifestBuilder::Apply(const ManifestEdit& edit) {
  ManifestState& state = state_;
  if (edit.database) {
    if (state.database != DatabaseId{} && state.database != *edit.database) {
      return Contradiction("another database's edit");
    }
    state.database = *edit.database;
  }
  if (!Advance(state.epoch, edit.epoch)) return Contradiction("the epoch goes back");
  if (!Advance(state.next_file, edit.next_file)) {
    return Contradiction("the next file number goes back");
  }
  if (!Advance(state.last_sequence, edit.last_sequence)) {
    return Contradiction("the last sequence number goes back");
  }
  if (!Advance(state.replay_from, edit.replay_from)) {
    return Contradiction("the replay position goes back");
  }
  if (!Advance(state.durable, edit.durable)) return Contradiction("the durable position goes back");
  BEACH_TRY(AdvanceTime(state.time, edit.time));
  BEACH_TRY(AdvanceMark(state.log_mark, edit.log_mark));
  BEACH_TRY(CheckCounters(state));
  BEACH_TRY(ApplySegments(edit));
  return ApplyTables(edit);
}

Status ManifestBuilder::ApplySegments(const ManifestEdit& edit) {
  for (const ManifestEdit::Seal& seal : edit.segments_sealed) {
    const auto segment = segments_.find(seal.ordinal);
    if (segment == segments_.end()) return Contradiction("seals a segment that is not listed");
    if (segment->second.end != wal::Segment::kOpenEnd) {
      return Contradiction("seals a segment twice");
    }
    if (segment != segments_.begin() && std::prev(segment)->second.end == wal::Segment::kOpenEnd) {
      return Contradiction("seals a segment above an open one");
    }
    segment->second.end = seal.end;
    BEACH_TRY(CheckSegment(segment->second));
  }
  for (const SegmentOrdinal ordinal : edit.segments_removed) {
    if (segments_.erase(ordinal) == 0) return Contradiction("removes a segment that is not listed");
  }
  for (const wal::Segment& segment : edit.segments_added) {
    BEACH_TRY(CheckSegment(segment));
    BEACH_TRY(CheckFileNumber(segment.file, state_.next_file));
    if (!segments_.empty()) BEACH_TRY(CheckOrder(segments_.rbegin()->second, segment));
    segments_.emplace_hint(segments_.end(), segment.ordinal, segment);
  }
  if (segments_.size() > kSegmentsListedMax) return Contradiction("too many segments");
  if (segments_.empty()) return {};
  const auto replayed = segments_.find(state_.replay_from.segment);
  if (replayed == segments_.end()) {
    return Contradiction("replay begins in a segment that is not listed");
  }
  BEACH_TRY(CheckWithin(replayed->second, state_.replay_from));
  const auto durable = segments_.find(state_.durable.segment);
  if (durable != segments_.end()) BEACH_TRY(CheckWithin(durable->second, state_.durable));
  if (state_.durable.segment > segments_.rbegin()->first) {
    return Contradiction("the log is durable beyond its last segment");
  }
  return {};
}

Status ManifestBuilder::ApplyTables(const ManifestEdit& edit) {
  for (const FileNumber file : edit.tables_removed) {
    if (tables_.erase(file) == 0) return Contradiction("removes a table that is not listed");
  }
  for (const TableInfo& table : edit.tables_added) {
    BEACH_TRY(CheckTable(table));
    BEACH_TRY(CheckFileNumber(table.file, state_.next_file));
    if (!tables_.emplace(table.file, table).second) return Contradiction("adds a table twice");
  }
  return {};
}

Result<ManifestState> ManifestBuilder::Finish() && {
  state_.tables.reserve(tables_.size());
  for (auto& [file, table] : tables_) state_.tables.push_back(std::move(table));
  state_.segments.reserve(segments_.size());
  for (const auto& [ordinal, segment] : segments_) state_.segments.push_back(segment);
  BEACH_TRY(state_.Check());
  return std::move(state_);
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
  if (time != TimeMark()) head.time = time;
  head.log_mark = log_mark;
  head.segments_added = segments;
  std::uint64_t size = 128 + 64 * segments.size() + (log_mark ? log_mark->state.size() : 0);
  for (const TableInfo& table : tables) {
    const std::uint64_t more = 128 + table.smallest.size() + table.largest.size();
    if (size + more > kSnapshotEditSize) {
      edits.emplace_back();
      size = 0;
    }
    edits.back().tables_added.push_back(table);
    size += more;
  }
  return edits;
}

}  // namespace beach::engine
