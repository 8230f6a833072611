// SPDX-License-Identifier: Apache-2.0
//
// A log is read as a start reads it. Where that meets damage, each segment is read once more, block
// by block: every gap between sound items below V is damage, and so is every item whose records are
// not what the one before it came to. Behind each of them the next head says what the log was.

#include "raft/disk/verify.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "engine/wal/segment_reader.h"
#include "raft/disk/log_map.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"
#include "raft/disk/salvage.h"
#include "raft/disk/sound_items.h"

namespace beach::raft {
namespace {

using engine::LogPosition;
using engine::wal::Segment;

class Verifier {
 public:
  Verifier(env::FileSystem& files, const std::string& directory, FoundRegister found)
      : files_(files),
        directory_(directory),
        content_(std::move(found.content)),
        register_damage_(std::move(found.damage)),
        map_(NewMap()) {}

  Result<RaftLogReport> Run() {
    report_.cluster = content_.cluster;
    report_.node = content_.node;
    report_.starts = content_.starts;
    report_.segments = content_.segments.size();
    BEACH_TRY(ListDebris());
    const Status replayed = Replay();
    if (replayed) {
      TellSound();
    } else if (replayed.error().code() == ErrorCode::kRefused) {
      return Fail(replayed.error());
    } else {
      BEACH_TRY(FindDamage());
      if (!IsToldByBlock(replayed.error())) AddDamage(replayed.error());
      TellDamaged(replayed.error());
    }
    if (register_damage_) AddDamage(*std::move(register_damage_));
    return std::move(report_);
  }

 private:
  LogMap NewMap() const { return {content_.base, content_.base_term, content_.head.hard_state}; }

  std::string PathOf(const Segment& segment) const {
    return env::JoinPath(directory_, engine::wal::SegmentFileName(segment.file));
  }

  std::string PathOf(engine::SegmentOrdinal ordinal) const {
    for (const Segment& segment : content_.segments) {
      if (segment.ordinal == ordinal) return PathOf(segment);
    }
    return directory_;
  }

  // Each place once.
  void AddDamage(Error error) {
    const bool is_told = std::ranges::any_of(report_.damage, [&error](const Error& other) {
      return other.path() == error.path() && other.offset() == error.offset();
    });
    if (!is_told) report_.damage.push_back(std::move(error));
  }

  // Many blocks were read at once; which of them cannot be was found since.
  bool IsToldByBlock(const Error& error) const {
    return error.code() == ErrorCode::kIo &&
           std::ranges::any_of(report_.damage, [&error](const Error& told) {
             return told.code() == ErrorCode::kIo && told.path() == error.path();
           });
  }

  Status ListDebris() {
    BEACH_TRY_ASSIGN(const auto names, files_.List(directory_));
    for (const std::string& name : names) {
      const bool ours = name.ends_with(".wal") || name == std::string(kRegisterFileName) + ".tmp";
      const bool listed = std::ranges::any_of(content_.segments, [&name](const Segment& segment) {
        return engine::wal::SegmentFileName(segment.file) == name;
      });
      if (ours && !listed) report_.debris.push_back(name);
    }
    return {};
  }

  Status Replay() {
    const engine::wal::RecoveryInput input{.directory = directory_,
                                           .segments = content_.segments,
                                           .replay_from = {},
                                           .durable = content_.durable,
                                           .salt = content_.salt};
    const auto take = [this](const engine::wal::Flight& flight) -> Status {
      BEACH_TRY(Take(flight.payload, flight.begin));
      NotePlaceholders(flight.payload);
      ++report_.flights;
      return {};
    };
    BEACH_TRY_ASSIGN(const auto log, engine::wal::RecoverLog(files_, input, take));
    report_.torn_tail_bytes = log.bytes_beyond_end;
    report_.log_torn = log.torn;
    Status whole = map_.CheckWhole();
    if (whole) return whole;
    return Fail(std::move(whole).error().At(directory_));
  }

  Status Take(ByteView payload, LogPosition at) {
    Status taken = map_.Apply(payload, at);
    if (taken) return taken;
    return Fail(std::move(taken).error().At(PathOf(at.segment), at.offset));
  }

  // The last entry of an index is the one that is in the log, or none is.
  void NotePlaceholders(ByteView payload) {
    RecordReader reader(payload);
    Record record;
    while (reader.Next(record)) {
      if (record.kind != RecordKind::kEntry) continue;
      lost_records_.erase(record.index);
      if (record.entry_kind == EntryKind::kLost) lost_records_.insert(record.index);
    }
  }

  void TellSound() {
    report_.base = map_.base();
    report_.last = map_.last();
    report_.lost = map_.lost();
    const auto in_log = std::ranges::count_if(lost_records_, [this](LogIndex index) {
      return index > map_.base() && index <= map_.last();
    });
    const auto lost_records = static_cast<std::uint64_t>(in_log);
    BEACH_CHECK_LE(report_.lost, lost_records);
    report_.filled = lost_records - report_.lost;
  }

  // As a start would, of a node whose state machine asks for nothing.
  void TellDamaged(const Error& damage) {
    const HeldState held{.index = {}, .term = {}, .may_be_lost = true};
    const auto known = Salvage(files_, directory_, content_, held, damage);
    report_.is_known = known.has_value();
    if (!known) return AddDamage(known.error());
    report_.base = known->base;
    report_.last = LogIndex(known->base.value + known->entries.size());
    const auto lost = std::ranges::count(known->entries, EntryKind::kLost, &Entry::kind);
    report_.lost = static_cast<std::uint64_t>(lost);
  }

  Status FindDamage() {
    map_ = NewMap();
    bool entered = true;  // segments behind the first with an open end hold nothing
    for (const Segment& segment : content_.segments) {
      const bool sound = CheckHeader(segment);
      if (entered) BEACH_TRY(FindDamageIn(segment, sound));
      if (segment.end == Segment::kOpenEnd) entered = false;
    }
    return {};
  }

  bool CheckHeader(const Segment& segment) {
    const auto reader = engine::wal::SegmentReader::Open(files_, PathOf(segment));
    if (!reader) {
      AddDamage(reader.error());
      return false;
    }
    const engine::wal::SegmentBlock& block = reader->block();
    if (block.ordinal == segment.ordinal && block.file_size_bytes == segment.size_bytes &&
        block.salt == content_.salt) {
      return true;
    }
    AddDamage(
        Error(ErrorCode::kCorruption, "the file is another log segment than the register says")
            .At(PathOf(segment), 0));
    return false;
  }

  Status FindDamageIn(const Segment& segment, bool header_is_sound) {
    auto found = FindSoundItems(files_, PathOf(segment), segment, content_);
    if (!found && found.error().code() == ErrorCode::kRefused) return Fail(found.error());
    if (!found) AddDamage(std::move(found).error());
    if (!found || (found->items.empty() && !header_is_sound)) {
      jumps_ = true;
      return {};
    }
    const std::uint64_t durable = DurableIn(segment, found->items);
    std::uint64_t at = engine::wal::kSegmentHeaderSize;
    bool ended = false;
    const VisitSoundItem take = [&](const SoundItem& item, ByteView payload,
                                    const SoundItems& so_far) -> Status {
      if (item.follows.offset != at) {
        // A torn end. What cannot be read before a sound item was no end.
        ended = ended || (at >= durable && !so_far.UnreadIn(at, item.begin.offset));
        if (!ended) AddGap(segment, at, item.begin.offset, so_far);
      }
      if (ended) return {};
      at = item.end.offset;
      return TakeItem(item, payload);
    };
    found = FindSoundItems(files_, PathOf(segment), segment, content_, take);
    if (!found && found.error().code() == ErrorCode::kRefused) return Fail(found.error());
    if (!found) AddDamage(std::move(found).error());
    if (found && !ended && at < durable) AddGap(segment, at, durable, *found);
    return {};
  }

  // Below it all was durable in this segment.
  std::uint64_t DurableIn(const Segment& segment, const std::vector<SoundItem>& items) const {
    if (segment.end != Segment::kOpenEnd) return segment.end;
    LogPosition durable = content_.durable;
    for (const SoundItem& item : items) durable = std::max(durable, item.durable);
    return durable.segment == segment.ordinal ? durable.offset : 0;
  }

  void AddGap(const Segment& segment, std::uint64_t begin, std::uint64_t end,
              const SoundItems& found) {
    jumps_ = true;
    if (const SoundItems::Unread* unread = found.UnreadIn(begin, end)) {
      return AddDamage(unread->error);
    }
    AddDamage(Error(ErrorCode::kCorruption, "the log is damaged below its durable end")
                  .At(PathOf(segment), begin));
  }

  Status TakeItem(const SoundItem& item, ByteView payload) {
    if (payload.empty()) return {};
    RecordReader reader(payload);
    Record head;
    if (std::exchange(jumps_, false) && reader.Next(head)) map_.Jump(head.head);
    Status taken = Take(payload, item.begin);
    if (taken || taken.error().code() == ErrorCode::kRefused) return taken;
    jumps_ = true;
    AddDamage(std::move(taken).error());
    return {};
  }

  env::FileSystem& files_;
  const std::string& directory_;
  const Register content_;
  std::optional<Error> register_damage_;
  LogMap map_;
  std::set<LogIndex> lost_records_;  // indexes whose newest record is of a lost entry
  bool jumps_ = false;  // what the log was before the next item is known from its head alone
  RaftLogReport report_;
};

// Where there are segments, a register that is not there has been lost.
Result<FoundRegister> ReadListed(env::FileSystem& files, const std::string& directory) {
  auto content = ReadRegister(files, directory);
  if (content || content.error().code() != ErrorCode::kNotFound) return content;
  BEACH_TRY_ASSIGN(const auto names, files.List(directory));
  const auto is_segment = [](const std::string& name) { return name.ends_with(".wal"); };
  if (std::ranges::any_of(names, is_segment)) return content;
  return Fail(Error(ErrorCode::kNotFound, "no Raft log here").At(directory));
}

}  // namespace

Result<RaftLogReport> VerifyRaftLog(env::FileSystem& files, const std::string& directory) {
  const std::string lock_path = env::JoinPath(directory, kLogLockFileName);
  BEACH_TRY_ASSIGN(const bool has_lock, files.Exists(lock_path));
  std::unique_ptr<env::FileLock> lock;
  if (has_lock) {
    BEACH_TRY_ASSIGN(lock, files.Lock(lock_path));
  }
  BEACH_TRY_ASSIGN(FoundRegister found, ReadListed(files, directory));
  return Verifier(files, directory, std::move(found)).Run();
}

}  // namespace beach::raft
