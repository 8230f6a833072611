// SPDX-License-Identifier: Apache-2.0
//
// A damaged log is read for what it was. Each item says that of the place where it begins, so that
// all that stands behind damage says what came of what is damaged:
//
//   - Below V, where all was durable, every sound item counts, and begins with its head.
//   - The register is as good as an item at the place that it tells of, and knows older terms.
//   - What the log was at V itself is known from the item that ends there, or from the first sound
//     one behind. That may tell of a little more than was acknowledged, which was written, and is
//     no harm.
//   - From V on items count as long as each follows the one before it, or begins behind a block
//     that cannot be read: what stands there was written, and its head says what it came to.
//
// Blocks that cannot be read count as damage when the rest of the device is read meanwhile
// (env/device_probe.h). An outage ends the start.
//
// An entry is its index and term: any sound record of that name, wherever it stands, has its bytes.

#include "raft/disk/salvage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "env/device_probe.h"
#include "raft/disk/log_map.h"
#include "raft/disk/record.h"
#include "raft/disk/sound_items.h"

namespace beach::raft {
namespace {

using engine::LogPosition;
using engine::wal::Segment;

// A record of one has five fields, and none has less than a byte.
constexpr std::uint64_t kEntryRecordMin = 5;
// What damage of one block takes with it the next time.
constexpr std::uint64_t kFlightBytesMax = std::uint64_t{1} << 16;

// Of each segment, to see whether the device answers.
constexpr std::uint64_t kProbesPerSegment = 8;
// Blocks that cannot be read, looked at once more.
constexpr std::size_t kSecondLooksMax = 16;
constexpr int kAttempts = 3;

// The head of an item whose records follow it and each other; nothing where they do not.
std::optional<LogHead> HeadOfSound(ByteView payload) {
  RecordReader reader(payload);
  Record record;
  if (!reader.Next(record)) return std::nullopt;
  LogHead head = std::move(record.head);
  LogIndex next = head.last.Next();
  while (reader.Next(record)) {
    switch (record.kind) {
      case RecordKind::kCut: next = std::min(next, record.index); break;
      case RecordKind::kEntry:
        if (record.index != next) return std::nullopt;
        next = next.Next();
        break;
      case RecordKind::kBase:
        if (!record.keeps_suffix) next = record.index.Next();
        break;
      default: break;
    }
  }
  if (!reader.ok()) return std::nullopt;
  return head;
}

class Salvager {
 public:
  Salvager(env::FileSystem& files, const std::string& directory, const Register& content,
           const HeldState& held, const Error& damage)
      : files_(files),
        directory_(directory),
        content_(content),
        held_(held),
        damage_(damage),
        map_(content.base, content.base_term, content.head.hard_state) {}

  Result<SalvagedLog> Run() {
    ListEntered();
    if (entered_.empty()) return Unknown();
    BEACH_TRY_ASSIGN(const SoundItems newest, ItemsOf(entered_.back(), nullptr));
    // What the log came to is known from its last segment alone.
    if (!newest.is_there) return Unknown();
    FindDurable(newest);
    const VisitSoundItem take = [this](const SoundItem& item, ByteView payload,
                                       const SoundItems& so_far) {
      return TakeItem(item, payload, so_far);
    };
    for (const Segment& segment : entered_) {
      BEACH_TRY_ASSIGN(const SoundItems found, ItemsOf(segment, take));
      NotePlaces(segment, found);
      // V was found by another look.
      const bool last = segment.ordinal == entered_.back().ordinal;
      if (last && !std::ranges::equal(found.unread, newest.unread, {}, &SoundItems::Unread::offset,
                                      &SoundItems::Unread::offset)) {
        return Changed(PathOf(segment), Error::kNoOffset);
      }
    }
    BEACH_TRY(LookAgain());
    if (!Settle()) return Unknown();
    return Judge();
  }

  // The disk gave at one look what it refused at another: what was taken for lost was not.
  bool has_changed() const { return has_changed_; }

 private:
  std::string PathOf(const Segment& segment) const {
    return env::JoinPath(directory_, engine::wal::SegmentFileName(segment.file));
  }

  const Segment& SegmentOf(engine::SegmentOrdinal ordinal) const {
    return *std::ranges::find(entered_, ordinal, &Segment::ordinal);
  }

  // Also of a block that could not be read: below V that is damage.
  std::unexpected<Error> Unknown() const {
    return Fail(
        Error(ErrorCode::kCorruption, damage_.message()).At(damage_.path(), damage_.offset()));
  }

  // Those above the first with an open end hold nothing.
  void ListEntered() {
    for (const Segment& segment : content_.segments) {
      entered_.push_back(segment);
      if (segment.end == Segment::kOpenEnd) return;
    }
  }

  Result<SoundItems> ItemsOf(const Segment& segment, const VisitSoundItem& visit) const {
    return FindSoundItems(files_, PathOf(segment), segment, content_, visit);
  }

  // The end of a segment that the log has left is the begin of the next one.
  LogPosition Normal(LogPosition position) const {
    for (std::size_t i = 0; i + 1 < entered_.size(); ++i) {
      const Segment& segment = entered_[i];
      if (segment.ordinal != position.segment || position.offset < segment.end) continue;
      return {entered_[i + 1].ordinal, engine::wal::kSegmentHeaderSize};
    }
    return position;
  }

  void FindDurable(const SoundItems& newest) {
    durable_ = content_.durable;
    for (const Segment& segment : entered_) {
      if (segment.end == Segment::kOpenEnd) continue;
      durable_ = std::max(durable_, {segment.ordinal, segment.end});
    }
    for (const SoundItem& item : newest.items) durable_ = std::max(durable_, item.durable);
    durable_ = Normal(durable_);
    registered_ = Normal(content_.durable);
  }

  void NotePlaces(const Segment& segment, const SoundItems& found) {
    const std::string path = PathOf(segment);
    for (const SoundItems::Unread& unread : found.unread) {
      refused_.push_back({.path = path, .offset = unread.offset});
    }
    const std::uint64_t blocks = found.size / engine::wal::kBlockSize;
    const std::uint64_t step = std::max<std::uint64_t>(1, blocks / kProbesPerSegment);
    for (std::uint64_t block = 0; block < blocks; block += step) {
      const std::uint64_t offset = block * engine::wal::kBlockSize;
      if (found.UnreadIn(offset, offset + 1)) continue;
      given_.push_back({.path = path, .offset = offset});
    }
  }

  std::unexpected<Error> Changed(const std::string& path, std::uint64_t offset) {
    has_changed_ = true;
    return Fail(Error(ErrorCode::kIo,
                      "the disk gives what it refuses at another time; nothing is taken for lost: "
                      "start again")
                    .At(path, offset));
  }

  // Before anything is taken for lost because it could not be read.
  Status LookAgain() {
    if (refused_.empty()) return {};
    const std::string path = env::JoinPath(directory_, kRegisterFileName);
    given_.push_back({.path = path, .offset = 0});
    given_.push_back({.path = path, .offset = EncodeRegister(content_).size() / 2});
    env::DeviceProbe probe(files_, std::move(given_), env::DeviceProbe::Proof::kMost);
    const std::size_t step = std::max<std::size_t>(1, refused_.size() / kSecondLooksMax);
    for (std::size_t i = 0; i < refused_.size(); i += step) {
      BEACH_TRY_ASSIGN(const bool is_bad, probe.IsBad(refused_[i]));
      if (!is_bad) return Changed(refused_[i].path, refused_[i].offset);
    }
    return {};
  }

  Status TakeItem(const SoundItem& item, ByteView payload, const SoundItems& so_far) {
    // A log of another release is left to it, damaged as it is.
    Status known = CheckRecordsVersion(payload);
    if (!known) {
      return Fail(
          std::move(known).error().At(PathOf(SegmentOf(item.begin.segment)), item.begin.offset));
    }
    KeepEntries(payload);
    if (item.begin < durable_) {
      TakeBelow(item, payload);
    } else {
      TakeBehind(item, payload, so_far);
    }
    return {};
  }

  void KeepEntries(ByteView payload) {
    RecordReader reader(payload);
    Record record;
    while (reader.Next(record)) {
      const bool is_entry = record.kind == RecordKind::kEntry || record.kind == RecordKind::kFill;
      if (!is_entry || record.entry_kind == EntryKind::kLost) continue;
      if (record.index <= held_.index) continue;
      Entry& entry = entries_[{record.index, record.term}];
      entry = {.term = record.term,
               .index = record.index,
               .kind = record.entry_kind,
               .payload = Payload::Copy(record.payload)};
    }
  }

  void TakeBelow(const SoundItem& item, ByteView payload) {
    if (item.begin >= registered_) TakeRegister();
    // A vouch of a start says nothing, and changes nothing.
    const bool silent = payload.empty() && known_ && *known_ == Normal(item.follows);
    if (silent || Take(payload)) known_ = Normal(item.end);
  }

  void TakeRegister() {
    if (std::exchange(register_taken_, true)) return;
    map_.Jump(content_.head);
    known_ = registered_;
  }

  // What follows the end of the log, or what is known of it, is not of it.
  void TakeBehind(const SoundItem& item, ByteView payload, const SoundItems& so_far) {
    const LogPosition at = settled_ ? *known_ : durable_;
    const bool follows = Normal(item.follows) == at;
    const bool is_past_unread = at.segment == item.begin.segment &&
                                so_far.UnreadIn(at.offset, item.begin.offset) != nullptr;
    if ((follows || is_past_unread) && !ended_) {
      Settle();
      if ((payload.empty() && settled_ && follows) || Take(payload)) {
        settled_ = true;
        known_ = Normal(item.end);
        return;
      }
    }
    ended_ = true;
    if (!behind_) behind_ = HeadOfSound(payload);
  }

  bool Take(ByteView payload) {
    const std::optional<LogHead> head = HeadOfSound(payload);
    if (!head) return false;
    map_.Jump(*head);
    const Status applied = map_.Apply(payload, {});
    BEACH_CHECK(applied.has_value());
    return true;
  }

  // Whether it is known what the log was at V.
  bool Settle() {
    if (settled_) return true;
    TakeRegister();
    if (*known_ >= durable_) {
      settled_ = true;
    } else if (behind_) {
      map_.Jump(*behind_);
      settled_ = true;
    }
    if (settled_) known_ = durable_;
    return settled_;
  }

  // What a head claims is not believed beyond that: each entry has or had a record in a segment
  // that is listed, and all of them will have to be in one.
  std::uint64_t EntriesMax() const {
    std::uint64_t bytes = 0;
    for (const Segment& segment : entered_) bytes += segment.size_bytes;
    return std::min(bytes, engine::wal::kSegmentSizeMax) / kEntryRecordMin;
  }

  Result<SalvagedLog> Judge() {
    if (!map_.CheckWhole()) return Unknown();
    SalvagedLog log{.hard_state = map_.hard_state(),
                    .base = map_.base(),
                    .base_term = map_.base_term(),
                    .entries = {}};
    const LogIndex begin = std::max(content_.base, map_.lacks_terms() ? LogIndex{} : map_.base());
    if (held_.index < begin && !held_.may_be_lost) {
      log.base = begin;  // whoever asked says that it begins behind the state machine
      return log;
    }
    if (held_.index < begin) {
      if (map_.lacks_terms()) return Unknown();
    } else {
      const bool is_known = map_.base() <= held_.index;
      const bool differs = map_.TermAt(held_.index) != held_.term;
      if (map_.lacks_terms() && (!is_known || (differs && map_.base() == held_.index))) {
        return Unknown();
      }
      log.base = held_.index;
      log.base_term = held_.term;
      if (differs) return log;
    }
    const std::uint64_t count = CountBetween(log.base, map_.last());
    if (count > EntriesMax()) return Unknown();
    log.entries.reserve(count);
    for (LogIndex index = log.base.Next(); index <= map_.last(); index = index.Next()) {
      log.entries.push_back(EntryOf(index, *map_.TermAt(index)));
    }
    return log;
  }

  Entry EntryOf(LogIndex index, Term term) {
    const auto found = entries_.find({index, term});
    if (found != entries_.end()) return std::move(found->second);
    return {.term = term, .index = index, .kind = EntryKind::kLost, .payload = {}};
  }

  env::FileSystem& files_;
  const std::string& directory_;
  const Register& content_;
  const HeldState& held_;
  const Error& damage_;
  std::vector<Segment> entered_;
  LogPosition durable_;     // V
  LogPosition registered_;  // where the register tells of; not above V
  bool register_taken_ = false;
  LogMap map_;                        // what the log was at known_, where that is
  std::optional<LogPosition> known_;  // the end of the last item that was taken
  bool settled_ = false;              // what the log was at V is known, and is in the map
  bool ended_ = false;                // an item behind V does not follow
  std::optional<LogHead> behind_;     // of the first that does not
  std::map<std::pair<LogIndex, Term>, Entry> entries_;  // all whose bytes are somewhere
  std::vector<env::DeviceProbe::Place> refused_;        // blocks that could not be read
  std::vector<env::DeviceProbe::Place> given_;          // some of those that could
  bool has_changed_ = false;
};

}  // namespace

std::vector<engine::wal::Recovery::TailFlight> SalvagedLog::TakeFlights() {
  LogMap map(base, base_term, hard_state);
  std::vector<engine::wal::Recovery::TailFlight> flights;
  Bytes payload = HeadPayload(map.Head());
  AppendBase(payload, base, base_term, /*keeps_suffix=*/false);
  std::uint32_t count = 2;
  std::size_t runs = 1;
  const auto end_flight = [&] {
    BEACH_CHECK(map.Apply(payload, {}).has_value());
    flights.push_back({.first_sequence = {}, .count = count, .payload = std::move(payload)});
    payload = HeadPayload(map.Head());
    count = 1;
    runs = 0;
  };
  Term last = base_term;
  for (Entry& entry : entries) {
    const bool begins = entry.term != last;
    if (payload.size() >= kFlightBytesMax || (begins && runs == kFlightRunsMax)) end_flight();
    if (begins || runs == 0) ++runs;
    last = entry.term;
    AppendEntry(payload, entry);
    ++count;
    entry.payload = {};  // gives the memory back
  }
  end_flight();
  entries.clear();
  return flights;
}

Result<SalvagedLog> Salvage(env::FileSystem& files, const std::string& directory,
                            const Register& content, const HeldState& held, const Error& damage) {
  for (int attempt = 1;; ++attempt) {
    Salvager salvager(files, directory, content, held, damage);
    auto salvaged = salvager.Run();
    if (salvaged || !salvager.has_changed() || attempt == kAttempts) return salvaged;
  }
}

}  // namespace beach::raft
