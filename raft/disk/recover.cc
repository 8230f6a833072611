// SPDX-License-Identifier: Apache-2.0
//
// Opening the log: steps 1 to 5 of the rule in docs/formats/wal.md, with the register in place of
// the manifest. All that it makes is debris until one replacement of the register names it.

#include "raft/disk/recover.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "engine/wal/segment_reader.h"
#include "env/small_file.h"
#include "raft/disk/salvage.h"

namespace beach::raft {
namespace {

using engine::wal::Segment;
using TailFlight = engine::wal::Recovery::TailFlight;

constexpr auto kLayout = engine::wal::TailLayout::kSpread;
constexpr ByteView kSegmentSuffix = ".wal";

// "a/b" of "a/b/c"; "." of "c"; "/" of "/c".
std::string ParentOf(const std::string& directory) {
  const std::size_t slash = directory.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : directory.substr(0, slash);
}

class Recoverer {
 public:
  explicit Recoverer(const RecoveryRequest& request)
      : request_(request), files_(*request.files), map_({}, {}) {}

  Result<RecoveredLog> Run() {
    BEACH_TRY(CheckHeld());
    BEACH_TRY(MakeDirectory());
    BEACH_TRY_ASSIGN(auto lock, files_.Lock(env::JoinPath(request_.directory, kLogLockFileName)));
    BEACH_TRY(ReadOrCreateRegister());
    BEACH_TRY(CheckOwner());
    BEACH_TRY(RemoveDebris());
    BEACH_TRY(Replay());
    DropWhatIsHeld();
    BEACH_TRY(Relog());
    BEACH_TRY(PlaceTail());
    DropUnneeded();
    content_.base = map_.base();
    content_.base_term = map_.base_term();
    content_.head = map_.Head(kRegisterRunsMax);
    BEACH_TRY(WriteRegister(files_, request_.directory, content_));
    BEACH_TRY(RemoveDebris());
    return RecoveredLog{.lock = std::move(lock),
                        .content = std::move(content_),
                        .end = end_,
                        .map = std::move(map_),
                        .damage = std::move(damage_)};
  }

 private:
  std::string PathOf(const Segment& segment) const {
    return env::JoinPath(request_.directory, engine::wal::SegmentFileName(segment.file));
  }

  Status MakeDirectory() {
    BEACH_TRY_ASSIGN(const bool exists, files_.Exists(request_.directory));
    if (exists) return {};
    if (!request_.create) return NoLog();
    const Status made = files_.CreateDirectory(request_.directory);
    if (!made && made.error().code() != ErrorCode::kAlreadyExists) return made;
    return {};
  }

  // It is from a disk, too.
  Status CheckHeld() const {
    if (request_.held.index <= kLogIndexMax) return {};
    return Fail(Error(ErrorCode::kCorruption, "the state machine says that it holds entry " +
                                                  std::to_string(request_.held.index.value) +
                                                  ", which no log can have")
                    .At(request_.directory));
  }

  std::unexpected<Error> NoLog() const {
    return Fail(
        Error(ErrorCode::kRefused,
              "no log of node " + std::to_string(request_.node.value) +
                  " is here: a new node is made with create; one that lost its disk must be "
                  "removed from its cluster and added under another number")
            .At(request_.directory));
  }

  Status CheckOwner() const {
    if (content_.cluster == request_.cluster && content_.node == request_.node) return {};
    const auto told = [](ClusterId cluster, NodeId node) {
      return "node " + std::to_string(node.value) + " of cluster " + std::to_string(cluster.value);
    };
    return Fail(Error(ErrorCode::kRefused, "this is the log of " +
                                               told(content_.cluster, content_.node) + ", not of " +
                                               told(request_.cluster, request_.node))
                    .At(request_.directory));
  }

  Status ReadOrCreateRegister() {
    // Whoever renamed the register may have died before the name was durable: files that it does
    // not list may go only behind this.
    BEACH_TRY(files_.SyncDirectory(request_.directory));
    auto read = ReadRegister(files_, request_.directory);
    if (read) {
      content_ = std::move(read->content);
      damage_ = std::move(read->damage);
      return {};
    }
    if (read.error().code() != ErrorCode::kNotFound) return Fail(std::move(read).error());
    BEACH_TRY_ASSIGN(const auto names, files_.List(request_.directory));
    for (const std::string& name : names) {
      if (name == kLogLockFileName || name.ends_with(env::kTemporarySuffix)) continue;
      return Fail(Error(ErrorCode::kRefused,
                        "files and no register: a damaged Raft log, or none of ours; nothing was "
                        "touched")
                      .At(env::JoinPath(request_.directory, name)));
    }
    if (!request_.create) return NoLog();
    content_.cluster = request_.cluster;
    content_.node = request_.node;
    content_.salt = NewLogSalt(*request_.clock, request_.directory);
    // The directory's own name, also where a process that made it died before.
    BEACH_TRY(files_.SyncDirectory(ParentOf(request_.directory)));
    return WriteRegister(files_, request_.directory, content_);
  }

  // Segments that the register does not list, and what was to become a register.
  Status RemoveDebris() {
    BEACH_TRY_ASSIGN(const auto names, files_.List(request_.directory));
    for (const std::string& name : names) {
      const bool listed = std::ranges::any_of(content_.segments, [&](const Segment& segment) {
        return engine::wal::SegmentFileName(segment.file) == name;
      });
      const bool ours =
          name.ends_with(kSegmentSuffix) || name == std::string(kRegisterFileName) + ".tmp";
      if (ours && !listed) BEACH_TRY(files_.Remove(env::JoinPath(request_.directory, name)));
    }
    return {};
  }

  // One that was cut short may have held more than it shows.
  Status CheckSize() const {
    for (const Segment& segment : content_.segments) {
      if (segment.end != Segment::kOpenEnd) continue;
      auto file = files_.Open(PathOf(segment), {.mode = env::OpenMode::kRead});
      if (!file) return {};  // that is told by who reads it
      BEACH_TRY_ASSIGN(const std::uint64_t size, (*file)->Size());
      if (size >= segment.size_bytes) return {};
      return Fail(Error(ErrorCode::kCorruption, "the last segment of the Raft log is cut short")
                      .At(PathOf(segment), size));
    }
    return {};
  }

  Status Replay() {
    BEACH_TRY(CheckSize());
    map_ = LogMap(content_.base, content_.base_term, content_.head.hard_state);
    const engine::wal::RecoveryInput input{.directory = request_.directory,
                                           .segments = content_.segments,
                                           .replay_from = {},
                                           .durable = content_.durable,
                                           .salt = content_.salt};
    const auto take = [this](const engine::wal::Flight& flight) -> Status {
      begins_.push_back(flight.begin);
      Status taken = map_.Apply(flight.payload, flight.begin);
      if (taken) return taken;
      return Fail(std::move(taken).error().At(PathIn(flight.begin), flight.begin.offset));
    };
    auto log = engine::wal::RecoverLog(files_, input, take);
    if (!log) return Mend(std::move(log).error());
    log_ = *std::move(log);
    const Status whole = map_.CheckWhole();
    if (!whole) return Mend(Error(whole.error()).At(request_.directory));
    return CheckBegin();
  }

  // The log is made anew of what is known of it.
  Status Mend(const Error& damage) {
    const bool is_damage =
        damage.code() == ErrorCode::kCorruption || damage.code() == ErrorCode::kIo;
    if (!is_damage) return Fail(damage);
    BEACH_TRY_ASSIGN(SalvagedLog salvaged,
                     Salvage(files_, request_.directory, content_, request_.held, damage));
    damage_ = damage;
    map_ = LogMap(salvaged.base, salvaged.base_term, salvaged.hard_state);
    BEACH_TRY(CheckBegin());
    log_ = {};
    salvaged_ = salvaged.TakeFlights();
    return {};
  }

  Status CheckBegin() const {
    if (request_.held.may_be_lost || request_.held.index >= map_.base()) return {};
    return Fail(Error(ErrorCode::kCorruption,
                      "the Raft log begins behind entry " + std::to_string(map_.base().value) +
                          ", the state machine holds " + std::to_string(request_.held.index.value))
                    .At(request_.directory));
  }

  std::string PathIn(engine::LogPosition position) const {
    for (const Segment& segment : content_.segments) {
      if (segment.ordinal == position.segment) return PathOf(segment);
    }
    return request_.directory;
  }

  // Of what the state machine holds nothing is lost: what the log has of it is, and goes. So
  // whoever has lost nothing behind it has all of its log to give.
  void DropWhatIsHeld() {
    if (map_.lost() == 0 || request_.held.index <= map_.base() || IsReplaced()) return;
    map_.Compact(request_.held.index);
  }

  // Whether the state machine holds an entry that the log has not.
  bool IsReplaced() const {
    if (request_.held.index < map_.base()) return false;  // it is lost
    return map_.TermAt(request_.held.index) != request_.held.term;
  }

  // Copies what the disk may lack into a fresh segment, or says there what the log is, so that
  // older segments can go; and behind it, where the state machine is ahead, the base that it needs.
  Status Relog() {
    std::vector<TailFlight> tail = std::move(salvaged_);
    if (!tail.empty()) {
      copied_from_ = tail.size();
    } else if (log_.tail.empty()) {
      tail.push_back({.first_sequence = {}, .count = 1, .payload = HeadPayload(map_.Head())});
      copied_from_ = 1;
    }
    std::ranges::move(log_.tail, std::back_inserter(tail));
    if (IsReplaced()) {
      Bytes base = HeadPayload(map_.Head());
      AppendBase(base, request_.held.index, request_.held.term, /*keeps_suffix=*/false);
      tail.push_back({.first_sequence = {}, .count = 2, .payload = std::move(base)});
    }
    const std::uint64_t size =
        engine::wal::TailSegmentSize(tail, request_.segment_size_bytes, kLayout);
    if (size > engine::wal::kSegmentSizeMax) {
      return Fail(
          Error(ErrorCode::kCorruption, "the Raft log is damaged, and larger than a segment")
              .At(request_.directory));
    }
    ++content_.starts;
    content_.segments = std::move(log_.kept);  // none of a log that was salvaged
    fresh_ = {.ordinal = content_.next_ordinal,
              .file = content_.next_file,
              .size_bytes = size,
              .end = Segment::kOpenEnd};
    content_.next_ordinal = fresh_.ordinal.Next();
    content_.next_file = fresh_.file.Next();
    const engine::wal::SegmentHeader header{
        .ordinal = fresh_.ordinal,
        .epoch = content_.epoch(),
        .predecessor_end = content_.segments.empty() ? engine::LogPosition{} : log_.durable,
        .salt = content_.salt};
    BEACH_TRY(engine::wal::CreateSegment(files_, PathOf(fresh_), fresh_.size_bytes, header));
    BEACH_TRY_ASSIGN(end_, engine::wal::RelogTail(files_, PathOf(fresh_), fresh_, content_.epoch(),
                                                  tail, kLayout, content_.salt));
    BEACH_TRY(files_.SyncDirectory(request_.directory));
    content_.segments.push_back(fresh_);
    content_.durable = end_;
    return {};
  }

  // Reads the fresh segment back, for where everything stands in it.
  Status PlaceTail() {
    BEACH_TRY_ASSIGN(auto reader, engine::wal::SegmentReader::Open(files_, PathOf(fresh_)));
    const auto damaged = [this](std::uint64_t offset) {
      return Fail(Error(ErrorCode::kCorruption, "a Raft log reads back other than it was written")
                      .At(PathOf(fresh_), offset));
    };
    const std::size_t old = begins_.size() - log_.tail.size();
    std::size_t taken = 0;
    std::uint64_t at = engine::wal::kSegmentHeaderSize;
    while (at < end_.offset) {
      engine::wal::ItemHeader header;
      BEACH_TRY_ASSIGN(const bool found, reader.NextItem(at, end_.offset, header));
      if (!found) return damaged(at);
      at = header.end();
      if (header.kind == engine::wal::ItemKind::kVouch) continue;
      const std::size_t copied = taken - copied_from_;
      if (taken >= copied_from_ && copied < log_.tail.size()) {
        map_.Move(begins_[old + copied], header.begin);
      } else {
        BEACH_TRY_ASSIGN(const ByteView payload, reader.Payload(header));
        BEACH_TRY(map_.Apply(payload, header.begin));
      }
      ++taken;
    }
    if (taken < copied_from_ + log_.tail.size() || IsReplaced()) return damaged(at);
    return {};
  }

  void DropUnneeded() {
    const engine::SegmentOrdinal oldest = map_.OldestSegment().value_or(fresh_.ordinal);
    std::erase_if(content_.segments,
                  [oldest](const Segment& segment) { return segment.ordinal < oldest; });
  }

  const RecoveryRequest& request_;
  env::FileSystem& files_;
  Register content_;
  LogMap map_;
  engine::wal::Recovery log_;
  std::vector<engine::LogPosition> begins_;  // of all flights that were replayed
  std::size_t copied_from_ = 0;  // of the flights in the fresh segment, the first copied one
  Segment fresh_;
  engine::LogPosition end_;
  std::vector<TailFlight> salvaged_;
  std::optional<Error> damage_;
};

}  // namespace

Result<RecoveredLog> RecoverRaftLog(const RecoveryRequest& request) {
  return Recoverer(request).Run();
}

}  // namespace beach::raft
