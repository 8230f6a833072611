// SPDX-License-Identifier: Apache-2.0
// Recovery of the log into memory and, before anything of it is served, onto the disk.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/directory.h"
#include "engine/group_payload.h"
#include "engine/recover.h"
#include "engine/wal/format.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// The reserve of the former life included, which is let go.
constexpr std::size_t kSegmentsKeptMax = 5;

std::shared_ptr<LoggedMemtable> NewMemtable(const Options& options, LogPosition log_begin,
                                            TimeMark time) {
  auto memtable = std::make_shared<LoggedMemtable>(options, time);
  memtable->id = 1;
  memtable->log_begin = log_begin;
  return memtable;
}

// One recovery: the state as it will be, and what has been read so far.
class Recoverer {
 public:
  Recoverer(const env::Env& env, const std::string& directory, const Options& options,
            const ManifestState& state, const ManifestOnDisk& manifest)
      : env_(env),
        directory_(directory),
        options_(options),
        manifest_(manifest),
        listed_(state.segments) {
    recovered_.state = state;
    Restart();
  }

  // Nothing that is not in tables is anywhere.
  Result<Recovered> RunWithoutLog() {
    BEACH_TRY(PrepareToWrite());
    ManifestState& state = recovered_.state;
    state.epoch = state.epoch.Next();
    recovered_.last_sequence = state.last_sequence;
    BEACH_TRY(state.Check());
    ReportRecovery();
    return std::move(recovered_);
  }

  Result<Recovered> Run() {
    BEACH_TRY(ReadLog());
    BEACH_TRY(PrepareToWrite());
    if (exceeds_memtable_) {
      // Sound to its end, so that its first part may become tables while the rest is read.
      BEACH_SOMETIMES("recovery.read_twice", true);
      Restart();
      BEACH_TRY(ReadLog());
    }
    // Once a part of the log is in tables, all of it goes there: tables end at one position. So
    // does a log of many segments, because each open without a flush adds one.
    const bool to_table = tables_written_ || CountSegments() > kSegmentsKeptMax ||
                          BEACH_BUGGIFY("recovery.always_to_table");
    if (to_table && recovered_.memtable->count() > 0) BEACH_TRY(WriteMemtable());
    const bool log_is_needed = recovered_.memtable->count() > 0;
    BEACH_SOMETIMES("recovery.flushed_whole_log", tables_written_);
    // Kept for cursors, the log goes on without a gap, also where tables have all of it.
    const bool tail_is_needed = log_is_needed || options_.log_kept_size > 0;
    if (!tail_is_needed) log_.tail.clear();
    CutSegments(log_is_needed);
    BEACH_TRY(StartSegment());
    FillLogStart();
    if (!log_is_needed) {
      recovered_.state.replay_from = recovered_.end;
      recovered_.memtable = NewMemtable(options_, recovered_.end, recovered_.state.time);
    }
    ManifestState& state = recovered_.state;
    state.durable = recovered_.end;
    state.last_sequence = std::max(state.last_sequence, recovered_.last_sequence);
    BEACH_TRY(state.Check());
    ReportRecovery();
    return std::move(recovered_);
  }

 private:
  void Restart() {
    const ManifestState& state = recovered_.state;
    recovered_.last_sequence = state.LastWithoutLog();
    recovered_.memtable = NewMemtable(options_, state.replay_from, state.time);
    log_ = {};
    first_replayed_.reset();
  }

  // Of the log that tables do not hold.
  std::size_t CountSegments() const {
    const SegmentOrdinal first = recovered_.state.replay_from.segment;
    return static_cast<std::size_t>(std::ranges::count_if(
        listed_, [first](const wal::Segment& segment) { return segment.ordinal >= first; }));
  }

  // Writes nothing before PrepareToWrite: a log that does not fit a memtable is only checked.
  Status ReadLog() {
    const ManifestState& state = recovered_.state;
    if (state.segments.empty()) return {};
    const wal::RecoveryInput input{.directory = directory_,
                                   .segments = state.segments,
                                   .replay_from = state.replay_from,
                                   .durable = state.durable,
                                   .mode = options_.recovery_mode};
    BEACH_TRY_ASSIGN(log_, wal::RecoverLog(*env_.files, input, [this](const wal::Flight& flight) {
                       return Replay(flight);
                     }));
    // Numbers that were given are never given again, also when what had them is lost.
    last_kept_ = recovered_.last_sequence;
    if (log_.loss) {
      SequenceNumber& last = recovered_.last_sequence;
      last = std::max(last, std::min(log_.loss->last_sequence, kRecordedSequenceMax));
    }
    return {};
  }

  Status Replay(const wal::Flight& flight) {
    if (!first_replayed_ && flight.count > 0) first_replayed_ = flight.first_sequence;
    const bool check_only = exceeds_memtable_ && !writing_;
    LoggedMemtable* const memtable = check_only ? nullptr : recovered_.memtable.get();
    BEACH_TRY(ReplayFlight(directory_, listed_, flight, recovered_.last_sequence, memtable));
    if (memtable == nullptr || memtable->count() == 0) return {};
    if (memtable->size_bytes() < options_.memtable_size) return {};
    if (writing_) return WriteMemtable();
    exceeds_memtable_ = true;
    // Gives the memory back.
    recovered_.memtable =
        NewMemtable(options_, recovered_.state.replay_from, recovered_.state.time);
    return {};
  }

  // Before the first file is made.
  Status PrepareToWrite() {
    BEACH_CHECK(!writing_);
    writing_ = true;
    // The process that renamed CURRENT may have died before the name was durable: a power loss must
    // not leave our files and no CURRENT (rule 16).
    BEACH_TRY(env_.files->SyncDirectory(directory_));
    // Other debris has to wait for the next manifest: the edit that made it debris may be in the
    // page cache alone, and a power loss may list it again.
    MakeRoomFrom(*env_.files, directory_, manifest_.state.next_file);
    return {};
  }

  // The table is debris until the next manifest lists it.
  Status WriteMemtable() {
    BEACH_CHECK(writing_);
    ManifestState& state = recovered_.state;
    if (recovered_.memtable->table_count() > 0) {
      const FileNumber file = NewFileNumber();
      BEACH_TRY_ASSIGN(const TableInfo info, WriteTable(*env_.files, directory_, state.database,
                                                        file, options_, *recovered_.memtable));
      // FAILPOINT: recovery_after_table: part of the log as a table too, which no manifest lists.
      BEACH_FAILPOINT("recovery_after_table");
      state.tables.push_back(info);
    }
    state.time = recovered_.memtable->times.end();
    recovered_.memtable = NewMemtable(options_, state.replay_from, state.time);
    tables_written_ = true;
    return {};
  }

  // Leaves in the state the segments that hold [replay_from, V), if the log is needed, and what is
  // to be kept below: what follows is in the tail, which goes to the fresh segment, or void.
  void CutSegments(bool log_is_needed) {
    ManifestState& state = recovered_.state;
    const LogPosition cut = std::max(log_.durable, state.replay_from);
    std::erase_if(state.segments,
                  [&](const wal::Segment& segment) { return segment.ordinal > cut.segment; });
    BEACH_CHECK(!log_is_needed || !state.segments.empty());
    if (state.segments.empty()) return;
    wal::Segment& last = state.segments.back();
    if (last.ordinal == cut.segment) last.end = std::min(last.end, cut.offset);
    // The log is whole up to the cut: it has left every segment below, and so they have their ends.
    BEACH_CHECK(last.end != wal::Segment::kOpenEnd);
    // Where damage is given up, what nobody needs is not looked at, and so not to be kept.
    const bool keeps = options_.recovery_mode != RecoveryMode::kPointInTime;
    const SegmentOrdinal needed = log_is_needed ? state.replay_from.segment : last.ordinal.Next();
    std::uint64_t kept_bytes = 0;
    std::size_t drop = state.segments.size();
    while (drop > 0) {
      const wal::Segment& segment = state.segments[drop - 1];
      if (segment.ordinal < needed) {
        if (!keeps || kept_bytes + segment.size_bytes > options_.log_kept_size) break;
        kept_bytes += segment.size_bytes;
      }
      --drop;
    }
    BEACH_SOMETIMES("recovery.log_kept", kept_bytes > 0);
    state.segments.erase(state.segments.begin(),
                         state.segments.begin() + static_cast<std::ptrdiff_t>(drop));
  }

  // After StartSegment. Where a cursor may begin: at the head of each segment, and where replay
  // began, because what is below that in its segment need not be there.
  void FillLogStart() {
    const ManifestState& state = recovered_.state;
    LogStart& start = recovered_.log_start;
    start.sound_from = state.replay_from;
    const SequenceNumber last = std::max(state.last_sequence, recovered_.last_sequence);
    const auto below = [](SequenceNumber number) { return SequenceNumber(number.value - 1); };
    for (const wal::Segment& segment : state.segments) {
      if (segment.ordinal > recovered_.segment.ordinal) break;  // the reserve
      start.segments.push_back(segment);
      LogEntry entry{{segment.ordinal, wal::kSegmentHeaderSize}, std::nullopt};
      if (segment.ordinal == recovered_.segment.ordinal) {
        entry.floor = log_.tail.empty() ? last : below(log_.tail.front().first_sequence);
      }
      if (entry.at != state.replay_from) start.entries.push_back(entry);
      if (segment.ordinal == state.replay_from.segment) {
        start.entries.push_back(
            {state.replay_from, first_replayed_ ? below(*first_replayed_) : last});
      }
    }
  }

  // Ordinals rise above every one ever listed: a former life's flights can never fit a new segment.
  Status StartSegment() {
    ManifestState& state = recovered_.state;
    state.epoch = state.epoch.Next();
    SegmentOrdinal highest = std::max(state.replay_from.segment, state.durable.segment);
    for (const wal::Segment& segment : listed_) highest = std::max(highest, segment.ordinal);
    wal::Segment& segment = recovered_.segment;
    segment.ordinal = highest.Next();
    segment.file = NewFileNumber();
    segment.size_bytes = std::max(options_.wal_segment_size,
                                  wal::TailSegmentSize(log_.tail, options_.wal_segment_size));
    const std::string path = SegmentPath(segment);
    const wal::SegmentHeader header{
        .ordinal = segment.ordinal,
        .epoch = state.epoch,
        .predecessor_end = state.segments.empty() ? LogPosition{}
                                                  : LogPosition{state.segments.back().ordinal,
                                                                state.segments.back().end}};
    BEACH_TRY(wal::CreateSegment(*env_.files, path, segment.size_bytes, header));
    // FAILPOINT: recovery_after_segment_create: an empty segment that no manifest lists.
    BEACH_FAILPOINT("recovery_after_segment_create");
    BEACH_TRY_ASSIGN(recovered_.end,
                     wal::RelogTail(*env_.files, path, segment, state.epoch, log_.tail));
    // FAILPOINT: recovery_after_tail_append: the tail twice, the copy in an unlisted segment.
    BEACH_FAILPOINT("recovery_after_tail_append");
    BEACH_SOMETIMES("recovery.tail_relogged", !log_.tail.empty());
    BEACH_TRY(StartReserve());
    BEACH_TRY(env_.files->SyncDirectory(directory_));
    // FAILPOINT: recovery_after_directory_sync: as before, the name durable.
    BEACH_FAILPOINT("recovery_after_directory_sync");
    state.segments.push_back(segment);
    if (recovered_.reserve) state.segments.push_back(*recovered_.reserve);
    return {};
  }

  // Rule 19: allocated before anybody may need it. Without space the handle begins without, and
  // sees to it when space returns.
  Status StartReserve() {
    const wal::Segment& log = recovered_.segment;
    const wal::Segment reserve{.ordinal = log.ordinal.Next(),
                               .file = NewFileNumber(),
                               .size_bytes = options_.wal_segment_size,
                               .end = wal::Segment::kOpenEnd};
    const wal::SegmentHeader header{.ordinal = reserve.ordinal,
                                    .epoch = recovered_.state.epoch,
                                    .predecessor_end = {log.ordinal, 0}};
    const Status created =
        wal::CreateSegment(*env_.files, SegmentPath(reserve), reserve.size_bytes, header);
    BEACH_SOMETIMES("recovery.no_space_for_reserve", !created);
    if (!created && created.error().code() == ErrorCode::kNoSpace) return {};
    BEACH_TRY(created);
    // FAILPOINT: recovery_after_reserve_create: two segments that no manifest lists.
    BEACH_FAILPOINT("recovery_after_reserve_create");
    recovered_.reserve = reserve;
    return {};
  }

  std::string SegmentPath(const wal::Segment& segment) const {
    return env::JoinPath(directory_, wal::SegmentFileName(segment.file));
  }

  FileNumber NewFileNumber() {
    const FileNumber number = recovered_.state.next_file;
    recovered_.state.next_file = number.Next();
    return number;
  }

  void ReportRecovery() const {
    if (env_.events == nullptr) return;
    if (log_.loss) {
      env_.events->Record("open.log_lost",
                          {{.name = "from_segment", .number = log_.end.segment.value},
                           {.name = "from_offset", .number = log_.end.offset},
                           {.name = "to_segment", .number = log_.loss->to.segment.value},
                           {.name = "to_offset", .number = log_.loss->to.offset},
                           {.name = "flights", .number = log_.loss->flights},
                           {.name = "operations", .number = log_.loss->operations},
                           {.name = "last_kept", .number = last_kept_.value},
                           {.name = "last_sequence", .number = log_.loss->last_sequence.value}});
    }
    env_.events->Record("open.recovered",
                        {{.name = "end_segment", .number = log_.end.segment.value},
                         {.name = "end_offset", .number = log_.end.offset},
                         {.name = "durable_segment", .number = log_.durable.segment.value},
                         {.name = "durable_offset", .number = log_.durable.offset},
                         {.name = "flights", .number = log_.flights},
                         {.name = "cut_bytes", .number = log_.bytes_beyond_end},
                         {.name = "torn", .number = log_.torn ? std::uint64_t{1} : 0},
                         {.name = "last_sequence", .number = recovered_.last_sequence.value}});
  }

  const env::Env& env_;
  const std::string& directory_;
  const Options& options_;
  const ManifestOnDisk& manifest_;
  const std::vector<wal::Segment> listed_;
  Recovered recovered_;
  wal::Recovery log_;
  SequenceNumber last_kept_;  // by the log and tables, where a part was given up
  std::optional<SequenceNumber> first_replayed_;  // number, of what tables do not hold
  bool writing_ = false;
  bool exceeds_memtable_ = false;  // the log, when it was read first
  bool tables_written_ = false;
};

}  // namespace

Status ReplayFlight(const std::string& directory, const std::vector<wal::Segment>& segments,
                    const wal::Flight& flight, SequenceNumber& last, LoggedMemtable* memtable) {
  const auto fail = [&](const char* message) {
    std::string path = directory;
    for (const wal::Segment& segment : segments) {
      if (segment.ordinal != flight.begin.segment) continue;
      path = env::JoinPath(directory, wal::SegmentFileName(segment.file));
    }
    return Fail(Error(ErrorCode::kCorruption, message).At(std::move(path), flight.begin.offset));
  };
  if (flight.count > 0 && flight.first_sequence <= last) {
    return fail("a flight of the log repeats sequence numbers");
  }
  if (flight.first_sequence > kRecordedSequenceMax ||
      flight.count > kMaxSequence.value - flight.first_sequence.value) {
    return fail("a flight of the log has impossible sequence numbers");
  }
  const GroupVisitor visit = [memtable](SequenceNumber sequence, const BatchOperation& operation) {
    if (memtable == nullptr) return;
    memtable->Add(sequence, operation);
  };
  const Status visited = VisitGroup(flight.payload, flight.first_sequence, flight.count, visit);
  if (!visited) return fail(visited.error().message().c_str());
  if (flight.count > 0) last = SequenceNumber(flight.first_sequence.value + flight.count - 1);
  return {};
}

Result<Recovered> RecoverDatabase(const env::Env& env, const std::string& directory,
                                  const Options& options, const ManifestState& state,
                                  const ManifestOnDisk& manifest) {
  Recoverer recoverer(env, directory, options, state, manifest);
  return state.log_mark ? recoverer.RunWithoutLog() : recoverer.Run();
}

}  // namespace beach::engine
