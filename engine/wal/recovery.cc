// SPDX-License-Identifier: Apache-2.0
//
// Steps 1 to 5 of the rule in docs/formats/wal.md. A registered end vouches for its segment, so V
// is either there or in the one segment with an open end: only that one is scanned for it.

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "engine/wal/log.h"
#include "engine/wal/log_core.h"
#include "engine/wal/segment_reader.h"
#include "env/marks.h"

namespace beach::engine::wal {

namespace {

constexpr std::uint64_t kRelogBufferSize = 1024 * 1024;

class Walker {
 public:
  Walker(env::FileSystem& files, const RecoveryInput& input,
         const std::function<Status(const Flight&)>& replay)
      : files_(files), input_(input), replay_(replay) {}

  Result<Recovery> Run() {
    BEACH_TRY(CheckInput());
    BEACH_TRY(CollectDurable());
    BEACH_TRY(Walk());
    if (damage_) {
      BEACH_TRY(GiveUp());
    } else {
      out_.bytes_beyond_end = scan_.BytesFrom(out_.end.offset);
    }
    if (input_.mode == RecoveryMode::kAbsolute && (out_.torn || out_.bytes_beyond_end > 0)) {
      return Fail(Bad("the log has a torn end, and the mode of recovery is absolute")
                      .At(Path(entered_[current_]), out_.end.offset));
    }
    BEACH_SOMETIMES("wal.torn_item_cut", out_.torn);
    BEACH_SOMETIMES("wal.whole_items_cut", out_.bytes_beyond_end > 0);
    BEACH_SOMETIMES("wal.tail_unvouched", !out_.tail.empty());
    for (const Segment& segment : entered_) {
      if (segment.ordinal <= out_.durable.segment) out_.kept.push_back(segment);
    }
    if (!out_.kept.empty() && out_.kept.back().ordinal == out_.durable.segment) {
      out_.kept.back().end = out_.durable.offset;
    }
    return std::move(out_);
  }

 private:
  std::string Path(const Segment& segment) const {
    return env::JoinPath(input_.directory, SegmentFileName(segment.file));
  }
  static Error Bad(const char* what) { return Error(ErrorCode::kCorruption, what); }

  // The list is the manifest's, whose checksum was right: still nothing here may crash on it.
  Status CheckInput() {
    out_.end = input_.replay_from;
    for (const Segment& segment : input_.segments) {
      const bool open = segment.end == Segment::kOpenEnd;
      if (segment.size_bytes > kSegmentSizeMax || segment.ordinal.value == 0 ||
          (!open && (segment.end < kSegmentHeaderSize || segment.end > segment.size_bytes))) {
        return Fail(Bad("the manifest lists an impossible log segment").At(Path(segment)));
      }
      if (!entered_.empty() && segment.ordinal <= entered_.back().ordinal) {
        return Fail(Bad("the manifest lists log segments out of order").At(Path(segment)));
      }
      const bool ends_here = segment.ordinal == input_.durable.segment;
      if (ends_here && input_.durable.offset > std::min(segment.end, segment.size_bytes)) {
        return Fail(
            Bad("the manifest calls a log segment durable beyond its end").At(Path(segment)));
      }
      if (ends_here && !MayBePosition(input_.durable)) {
        return Fail(Bad("the manifest calls a log segment durable up to inside of its header")
                        .At(Path(segment)));
      }
      if (entered_.empty() || entered_.back().end != Segment::kOpenEnd) {
        entered_.push_back(segment);
      }
    }
    if (entered_.empty()) return {};
    if (out_.end.segment.value == 0) out_.end = {entered_.front().ordinal, kSegmentHeaderSize};
    current_ = 0;
    while (current_ < entered_.size() && entered_[current_].ordinal < out_.end.segment) ++current_;
    if (current_ == entered_.size() || entered_[current_].ordinal != out_.end.segment ||
        out_.end.offset < kSegmentHeaderSize || out_.end.offset > entered_[current_].end) {
      return Fail(Bad("the manifest replays from a place that is in no listed log segment")
                      .At(input_.directory));
    }
    return {};
  }

  Result<SegmentReader> OpenListed(const Segment& segment, LogPosition predecessor_end) {
    BEACH_TRY_ASSIGN(SegmentReader reader, SegmentReader::Open(files_, Path(segment)));
    const SegmentBlock& block = reader.block();
    if (block.ordinal != segment.ordinal || block.file_size_bytes != segment.size_bytes ||
        block.salt != input_.salt) {
      return Fail(
          Bad("the file is another log segment than the manifest says").At(Path(segment), 0));
    }
    LogPosition follows = block.predecessor_end;
    if (follows.offset == 0) follows.offset = predecessor_end.offset;  // made ahead of its time
    if (predecessor_end != LogPosition{} && follows.segment != SegmentOrdinal{} &&
        follows != predecessor_end) {
      return Fail(Bad("the log segment follows another end than the manifest says")
                      .At(Path(segment), kSegmentPredecessorOffset));
    }
    return reader;
  }

  // Whether the log may end where this was met.
  bool MayEndAt(const Error& error) const {
    return input_.mode == RecoveryMode::kPointInTime && error.code() == ErrorCode::kCorruption;
  }

  Status CollectDurable() {
    out_.durable = std::max(input_.durable, out_.end);
    LogPosition predecessor_end;
    for (const Segment& segment : input_.segments) {
      auto opened = OpenListed(segment, predecessor_end);
      if (!opened && !MayEndAt(opened.error())) return Fail(std::move(opened).error());
      if (segment.end != Segment::kOpenEnd) {
        out_.durable = std::max(out_.durable, {segment.ordinal, segment.end});
      }
      if (!opened) {
        // One that the log has not entered has nothing to lose, but cannot be listed again.
        if (segment.ordinal > entered_.back().ordinal) damage_ = std::move(opened).error();
        continue;
      }
      SegmentReader& reader = *opened;
      if (segment.ordinal > entered_.back().ordinal) continue;
      if (segment.end != Segment::kOpenEnd) {
        predecessor_end = {segment.ordinal, segment.end};
      } else {
        BEACH_TRY_ASSIGN(scan_, SegmentScan::Of(reader, segment.size_bytes));
        out_.durable = std::max(out_.durable, scan_.durable());
        predecessor_end = {};
      }
    }
    return {};
  }

  Status Walk() {
    LogPosition reached = out_.end;
    while (current_ < entered_.size()) {
      const Segment& segment = entered_[current_];
      auto reader = OpenListed(segment, {});
      if (!reader && !MayEndAt(reader.error())) return Fail(std::move(reader).error());
      if (!reader) {
        damage_ = std::move(reader).error();
        out_.end = reached;  // not in a segment that cannot be listed again
        return {};
      }
      BEACH_TRY(WalkSegment(segment, *reader));
      reached = out_.end;
      const bool last = current_ + 1 == entered_.size();
      if (stopped_ || out_.end.offset != segment.end || last) break;
      ++current_;
      out_.end = {entered_[current_].ordinal, kSegmentHeaderSize};
    }
    if (out_.end < out_.durable && !damage_) {
      const std::string path = entered_.empty() ? input_.directory : Path(entered_[current_]);
      damage_ = Bad("the log is damaged below its durable end").At(path, out_.end.offset);
    }
    if (damage_ && !MayEndAt(*damage_)) return Fail(*damage_);
    return {};
  }

  // Ends the log where the damage is, and counts what is sound behind it.
  Status GiveUp() {
    LogLoss& loss = out_.loss.emplace();
    loss.to = std::max(out_.durable, out_.end);
    loss.damage = *damage_;
    out_.durable = std::min(out_.durable, out_.end);
    if (out_.end >= loss.to) return {};
    for (const Segment& segment : input_.segments) {
      if (segment.ordinal < out_.end.segment) continue;
      auto reader = OpenListed(segment, {});
      if (!reader && reader.error().code() == ErrorCode::kCorruption) continue;
      if (!reader) return Fail(std::move(reader).error());
      const bool cut_here = segment.ordinal == out_.end.segment;
      const std::uint64_t from = cut_here ? BlockUp(out_.end.offset) : kSegmentHeaderSize;
      BEACH_TRY(CountLost(segment, *reader, from, loss));
    }
    return {};
  }

  Status CountLost(const Segment& segment, SegmentReader& reader, std::uint64_t offset,
                   LogLoss& loss) {
    const std::uint64_t limit = std::min(segment.end, segment.size_bytes);
    ItemHeader header;
    while (offset < limit) {
      BEACH_TRY_ASSIGN(bool found, reader.ItemAt(offset, limit, header));
      if (!found) {
        offset += kBlockSize;
        continue;
      }
      while (found) {
        offset = header.end();
        if (header.kind != ItemKind::kVouch) {
          BEACH_TRY_ASSIGN(const ByteView payload, reader.Payload(header));
          ++loss.flights;
          loss.operations += header.count;
          if (header.count > 0) {
            const std::uint64_t last = header.first_sequence.value + header.count - 1;
            loss.last_sequence = std::max(loss.last_sequence, SequenceNumber(last));
          }
          const LogPosition end{segment.ordinal, header.end()};
          if (input_.lost) {
            input_.lost({header.begin, end, header.first_sequence, header.count, payload});
          }
        }
        BEACH_TRY_ASSIGN(found, reader.NextItem(offset, limit, header));
      }
      offset = BlockUp(offset);
    }
    return {};
  }

  Status WalkSegment(const Segment& segment, SegmentReader& reader) {
    const std::uint64_t limit = std::min(segment.end, segment.size_bytes);
    ItemHeader header;
    for (;;) {
      BEACH_TRY_ASSIGN(const bool found, reader.NextItem(out_.end.offset, limit, header));
      if (!found) {
        const std::uint64_t rest = std::min(kBlockSize, limit - out_.end.offset);
        BEACH_TRY_ASSIGN(const bool blank, reader.Blank(out_.end.offset, rest));
        out_.torn = !blank;
        return {};
      }
      const LogPosition end{segment.ordinal, header.end()};
      if (header.begin < out_.durable && out_.durable < end) {
        damage_ = Bad("the log's durable end lies inside a record")
                      .At(reader.path(), header.begin.offset);
        stopped_ = true;
        return {};
      }
      out_.end = end;
      if (header.kind == ItemKind::kVouch) continue;
      BEACH_TRY_ASSIGN(const ByteView payload, reader.Payload(header));
      BEACH_TRY(replay_({header.begin, end, header.first_sequence, header.count, payload}));
      ++out_.flights;
      if (end > out_.durable) {
        out_.tail.push_back({header.first_sequence, header.count, Bytes(payload)});
      }
    }
  }

  env::FileSystem& files_;
  const RecoveryInput& input_;
  const std::function<Status(const Flight&)>& replay_;
  std::vector<Segment> entered_;  // those that the log has entered
  std::size_t current_ = 0;       // of entered_
  SegmentScan scan_;              // of the one with an open end
  std::optional<Error> damage_;   // below V, or to what has to be listed
  bool stopped_ = false;          // the walk, inside a segment, by damage_
  Recovery out_;
};

}  // namespace

Result<Recovery> RecoverLog(env::FileSystem& files, const RecoveryInput& input,
                            const std::function<Status(const Flight&)>& replay) {
  return Walker(files, input, replay).Run();
}

std::uint64_t TailSegmentSize(const std::vector<Recovery::TailFlight>& tail,
                              std::uint64_t segment_size_bytes, TailLayout layout) {
  std::uint64_t offset = kSegmentHeaderSize;
  for (const Recovery::TailFlight& flight : tail) {
    const std::uint64_t size = kItemHeaderSize + flight.payload.size();
    if (layout == TailLayout::kSpread) offset = BlockUp(offset);
    offset = RunRecordBegin(offset, size) + size;
  }
  return std::max(segment_size_bytes, BlockUp(offset) + kBlockSize);
}

Result<LogPosition> RelogTail(env::FileSystem& files, const std::string& path,
                              const Segment& segment, OpenEpoch epoch,
                              const std::vector<Recovery::TailFlight>& tail, TailLayout layout,
                              LogSalt salt) {
  LogCore core(epoch, segment, {segment.ordinal, kSegmentHeaderSize}, salt);
  if (layout == TailLayout::kSpread) core.SpreadRuns();
  if (tail.empty()) return core.end();
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kReadWrite}));
  AlignedBuffer image;
  Bytes pending;  // adjacent records, written together
  std::uint64_t pending_offset = kSegmentHeaderSize;
  for (const Recovery::TailFlight& flight : tail) {
    const PlannedItem item =
        core.Plan(ItemKind::kRunRecord, flight.payload, flight.first_sequence, flight.count, image);
    const bool adjacent = pending_offset + pending.size() == item.begin.offset;
    if (!pending.empty() && (!adjacent || pending.size() >= kRelogBufferSize)) {
      BEACH_TRY(file->WriteAt(pending_offset, pending));
      pending.clear();
    }
    if (pending.empty()) pending_offset = item.begin.offset;
    pending.append(image.view());
  }
  BEACH_TRY(file->WriteAt(pending_offset, pending));
  BEACH_TRY(file->SyncData());
  core.RunSynced(true);
  // FAILPOINT: recovery_after_tail_copy: a whole copy of the tail in a file that nothing names.
  BEACH_FAILPOINT("recovery_after_tail_copy");
  BEACH_SOMETIMES("wal.tail_relogged_many", tail.size() > 1);
  // There is room: a record leaves a block behind it for this.
  const PlannedItem vouch = core.Plan(ItemKind::kVouch, {}, {}, 0, image);
  BEACH_TRY(file->WriteAt(vouch.begin.offset, image.view()));
  BEACH_TRY(file->SyncData());
  core.Completed(vouch.id, true);
  return core.end();
}

}  // namespace beach::engine::wal
