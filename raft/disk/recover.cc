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

namespace beach::raft {
namespace {

using engine::wal::Segment;

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
    BEACH_TRY(MakeDirectory());
    BEACH_TRY_ASSIGN(auto lock, files_.Lock(env::JoinPath(request_.directory, kLogLockFileName)));
    BEACH_TRY(ReadOrCreateRegister());
    BEACH_TRY(RemoveDebris());
    BEACH_TRY(Replay());
    BEACH_TRY(Relog());
    BEACH_TRY(PlaceTail());
    DropUnneeded();
    content_.base = map_.base();
    content_.base_term = map_.base_term();
    BEACH_TRY(WriteRegister(files_, request_.directory, content_));
    BEACH_TRY(RemoveDebris());
    return RecoveredLog{.lock = std::move(lock),
                        .content = std::move(content_),
                        .end = end_,
                        .map = std::move(map_)};
  }

 private:
  std::string PathOf(const Segment& segment) const {
    return env::JoinPath(request_.directory, engine::wal::SegmentFileName(segment.file));
  }

  Status MakeDirectory() {
    BEACH_TRY_ASSIGN(const bool exists, files_.Exists(request_.directory));
    if (exists) return {};
    const Status made = files_.CreateDirectory(request_.directory);
    if (!made && made.error().code() != ErrorCode::kAlreadyExists) return made;
    return {};
  }

  Status ReadOrCreateRegister() {
    // Whoever renamed the register may have died before the name was durable: files that it does
    // not list may go only behind this.
    BEACH_TRY(files_.SyncDirectory(request_.directory));
    auto read = ReadRegister(files_, request_.directory);
    if (read) {
      content_ = *std::move(read);
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

  Status Replay() {
    map_ = LogMap(content_.base, content_.base_term);
    const engine::wal::RecoveryInput input{.directory = request_.directory,
                                           .segments = content_.segments,
                                           .replay_from = {},
                                           .durable = content_.durable};
    const auto take = [this](const engine::wal::Flight& flight) -> Status {
      begins_.push_back(flight.begin);
      Status taken = map_.Apply(flight.payload, flight.begin);
      if (taken) return taken;
      return Fail(std::move(taken).error().At(PathIn(flight.begin), flight.begin.offset));
    };
    BEACH_TRY_ASSIGN(log_, engine::wal::RecoverLog(files_, input, take));
    const Status whole = map_.CheckWhole();
    if (!whole) return Fail(Error(whole.error()).At(request_.directory));
    if (request_.applied >= map_.base()) return {};
    return Fail(Error(ErrorCode::kCorruption,
                      "the Raft log begins behind entry " + std::to_string(map_.base().value) +
                          ", the state machine holds " + std::to_string(request_.applied.value))
                    .At(request_.directory));
  }

  std::string PathIn(engine::LogPosition position) const {
    for (const Segment& segment : content_.segments) {
      if (segment.ordinal == position.segment) return PathOf(segment);
    }
    return request_.directory;
  }

  // Copies what the disk may lack into a fresh segment, behind the hard state, so that older
  // segments can go; and behind it, where the state machine is ahead, the base that it needs.
  Status Relog() {
    std::vector<engine::wal::Recovery::TailFlight> tail;
    Bytes head{static_cast<char>(kRecordsVersion)};
    AppendHardState(head, map_.hard_state());
    tail.push_back({.first_sequence = {}, .count = 1, .payload = std::move(head)});
    std::ranges::move(log_.tail, std::back_inserter(tail));
    if (map_.TermAt(request_.applied) != request_.applied_term) {
      Bytes base{static_cast<char>(kRecordsVersion)};
      AppendBase(base, request_.applied, request_.applied_term, /*keeps_suffix=*/false);
      tail.push_back({.first_sequence = {}, .count = 1, .payload = std::move(base)});
    }

    ++content_.starts;
    content_.segments = std::move(log_.kept);
    fresh_ = {.ordinal = content_.next_ordinal,
              .file = content_.next_file,
              .size_bytes = engine::wal::TailSegmentSize(tail, request_.segment_size_bytes),
              .end = Segment::kOpenEnd};
    content_.next_ordinal = fresh_.ordinal.Next();
    content_.next_file = fresh_.file.Next();
    const engine::wal::SegmentHeader header{
        .ordinal = fresh_.ordinal,
        .epoch = content_.epoch(),
        .predecessor_end = content_.segments.empty() ? engine::LogPosition{} : log_.durable};
    BEACH_TRY(engine::wal::CreateSegment(files_, PathOf(fresh_), fresh_.size_bytes, header));
    BEACH_TRY_ASSIGN(
        end_, engine::wal::RelogTail(files_, PathOf(fresh_), fresh_, content_.epoch(), tail));
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
      if (taken > 0 && taken <= log_.tail.size()) {
        map_.Move(begins_[old + taken - 1], header.begin);
      } else if (taken > log_.tail.size()) {
        BEACH_TRY_ASSIGN(const ByteView payload, reader.Payload(header));
        BEACH_TRY(map_.Apply(payload, header.begin));
      }
      ++taken;
    }
    if (taken <= log_.tail.size()) return damaged(at);
    BEACH_CHECK(map_.TermAt(request_.applied) == request_.applied_term);
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
  Segment fresh_;
  engine::LogPosition end_;
};

}  // namespace

Result<RecoveredLog> RecoverRaftLog(const RecoveryRequest& request) {
  return Recoverer(request).Run();
}

}  // namespace beach::raft
