// SPDX-License-Identifier: Apache-2.0
//
// The rule of docs/formats/wal.md as a model, without any of its code: random histories of two to
// four lives on an abstract disk. It decides the rule; wrong variants of it must fail here.
//
// A slot is a sector: it is written whole or not. A block is two slots. A flight takes one or two
// blocks from a block's start; a run record takes one slot. Power loss leaves every unfinished slot
// old or new; a process crash leaves all that was written readable, and un-synced.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <vector>

#include "base/random.h"
#include "engine/types.h"

namespace beach::engine::wal {
namespace {

enum class Variant {
  kRule,
  kAppendToRecovered,  // goes on behind the cut, in the segment that was cut
  kSequenceWatermark,  // V is an index of the log, not a position
  kTailNotRelogged,    // trusts what a crashed process left in the page cache
  kRelogIntoRecycled,  // re-logs into a file that a crashed recovery may have written
  kOrdinalIgnored,     // takes the items that a recycled file had in its former life
  kDurableAtAnyEnd,    // acknowledges a flight when it is durable, whatever lies below it
};
enum class Verdict { kSound, kLost, kResurrected, kRefused };

constexpr std::uint64_t kSegmentSlots = 16;
constexpr std::uint64_t kFirstSlot = 2;  // behind the segment's header
constexpr std::uint64_t BlockUp(std::uint64_t slot) { return (slot + 1) & ~std::uint64_t{1}; }

struct Slot {
  bool written = false;
  bool vouch = false;
  SegmentOrdinal segment;
  OpenEpoch epoch;
  std::uint64_t own = 0;       // first slot of the item
  std::uint64_t part = 0;      // this slot's place in it
  std::uint64_t size = 0;      // slots
  std::uint64_t previous = 0;  // where the item before it ended
  std::uint64_t id = 0;
  LogPosition durable;
  std::uint64_t durable_index = 0;
};

struct Disk {
  std::vector<Slot> stable = std::vector<Slot>(kSegmentSlots);
  std::vector<Slot> seen = std::vector<Slot>(kSegmentSlots);  // through the page cache
};

struct Listed {
  SegmentOrdinal ordinal;
  OpenEpoch epoch;
  std::size_t file = 0;
  std::optional<std::uint64_t> end;
};

struct Manifest {
  std::vector<Listed> segments;
  LogPosition replay;
  std::size_t in_tables = 0;  // records that the tables hold
  LogPosition durable;
  std::uint64_t durable_index = 0;
  SegmentOrdinal next_ordinal{1};
  OpenEpoch epoch{1};
};

// A record of the log. One that truncates brings the index of a replicated log down.
struct Record {
  std::uint64_t id = 0;
  std::optional<std::uint64_t> truncate_to;
  LogPosition end;
  bool acknowledged = false;
};

struct Recovered {
  LogPosition end;
  LogPosition durable;
  std::uint64_t durable_index = 0;
  std::vector<std::uint64_t> ids;
  std::size_t before_durable = 0;  // of them, those below `durable`
};

class History {
 public:
  History(std::uint64_t seed, Variant variant) : random_(Mix64(seed)), variant_(variant) {
    flights_max_ = random_.Between(1, 8);
    manifest_.segments = {Listed{NewOrdinal(), manifest_.epoch, NewFile(), std::nullopt}};
    manifest_.replay = manifest_.durable = end_ = durable_ = {SegmentOrdinal{1}, kFirstSlot};
  }

  Verdict Run() {
    const std::uint64_t lives = random_.Between(2, 4);
    for (std::uint64_t life = 0; life < lives; ++life) {
      const std::uint64_t steps = random_.Between(0, 30);
      for (std::uint64_t step = 0; step < steps; ++step) Step();
      const Verdict verdict = CrashAndRecover();
      if (verdict != Verdict::kSound) return verdict;
    }
    return Verdict::kSound;
  }

 private:
  struct InFlight {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
    bool done = false;
  };

  SegmentOrdinal NewOrdinal() {
    const SegmentOrdinal ordinal = manifest_.next_ordinal;
    manifest_.next_ordinal = ordinal.Next();
    return ordinal;
  }
  std::size_t NewFile() {
    files_.emplace_back();
    return files_.size() - 1;
  }
  std::size_t NewOrRecycledFile() {
    if (pool_.empty() || random_.Chance(1, 4)) return NewFile();
    const std::size_t file = pool_.back();
    pool_.pop_back();
    return file;
  }
  // The lowest segment with an open end is the one that the log is in; another may be prepared.
  Listed& Entered() {
    return *std::find_if(manifest_.segments.begin(), manifest_.segments.end(),
                         [](const Listed& listed) { return !listed.end; });
  }
  Disk& Current() { return files_[Entered().file]; }

  void Step() {
    switch (random_.Below(9)) {
      case 0:
      case 1:
      case 2: AppendFlight(); break;
      case 3:
      case 4: AppendRun(); break;
      case 5:
        if (!in_flight_.empty()) CompleteOne();
        break;
      case 6:
        if (random_.Chance(1, 2))
          SyncRun();
        else
          Vouch();
        break;
      case 7: Prepare(); break;
      default: Flush(); break;
    }
  }

  std::uint64_t Index(std::size_t records) const {
    std::uint64_t index = 0;
    for (std::size_t i = 0; i < records; ++i) index = log_[i].truncate_to.value_or(index + 1);
    return index;
  }
  std::size_t RecordsBelow(LogPosition position) const {
    std::size_t count = 0;
    while (count < log_.size() && log_[count].end <= position) ++count;
    return count;
  }

  void Put(std::uint64_t begin, std::uint64_t size, bool vouch, std::uint64_t id) {
    const std::uint64_t index = Index(RecordsBelow(durable_));
    for (std::uint64_t part = 0; part < size; ++part) {
      Current().seen[begin + part] = Slot{
          true,     vouch, Entered().ordinal, Entered().epoch, begin, part, size, end_.offset, id,
          durable_, index};
    }
    end_.offset = begin + size;
  }
  void AddRecord(std::uint64_t id, bool acknowledged) {
    Record record{id, std::nullopt, end_, acknowledged};
    const std::uint64_t index = Index(log_.size());
    if (index > 0 && random_.Chance(1, 6)) record.truncate_to = random_.Below(index);
    log_.push_back(record);
  }

  void AppendFlight() {
    if (in_flight_.size() >= flights_max_) return CompleteOne();
    const std::uint64_t size = 2 * random_.Between(1, 2);
    SyncRun();
    if (BlockUp(end_.offset) + size > kSegmentSlots) Rotate();
    const std::uint64_t begin = BlockUp(end_.offset);
    Put(begin, size, false, ++last_id_);
    in_flight_.push_back({begin, size, false});
    AddRecord(last_id_, false);
  }
  void AppendRun() {
    while (!in_flight_.empty()) CompleteOne();
    const bool fresh_block = durable_ == end_;  // a block with durable bytes is left alone
    std::uint64_t begin = fresh_block ? BlockUp(end_.offset) : end_.offset;
    if (begin + 1 > kSegmentSlots) {
      Rotate();
      begin = end_.offset;
    }
    Put(begin, 1, false, ++last_id_);
    AddRecord(last_id_, true);
  }
  void Vouch() {
    SyncRun();
    if (!in_flight_.empty() || BlockUp(end_.offset) + 2 > kSegmentSlots) return;
    const std::uint64_t begin = BlockUp(end_.offset);
    Put(begin, 2, true, 0);
    in_flight_.push_back({begin, 2, false});
  }
  void CompleteOne() {
    InFlight& flight = in_flight_[random_.Below(in_flight_.size())];
    Harden(Current(), flight.begin, flight.begin + flight.size);
    flight.done = true;
    if (variant_ == Variant::kDurableAtAnyEnd) {
      durable_.offset = std::max(durable_.offset, flight.begin + flight.size);
    }
    while (!in_flight_.empty() && in_flight_.front().done) {
      const std::uint64_t landed = in_flight_.front().begin + in_flight_.front().size;
      durable_.offset = std::max(durable_.offset, landed);
      in_flight_.erase(in_flight_.begin());
    }
    for (Record& record : log_) record.acknowledged |= record.end <= durable_;
  }
  void SyncRun() {
    if (!in_flight_.empty() || durable_ == end_) return;
    Harden(Current(), 0, kSegmentSlots);
    durable_ = end_;
  }
  static void Harden(Disk& disk, std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t i = begin; i < end; ++i) disk.stable[i] = disk.seen[i];
  }

  void Rotate() {
    while (!in_flight_.empty()) CompleteOne();
    SyncRun();
    if (random_.Chance(1, 2)) Vouch();
    while (!in_flight_.empty()) CompleteOne();
    Prepare();
    Entered().end = end_.offset;
    if (random_.Chance(1, 2)) NoteDurable();
    end_ = durable_ = {Entered().ordinal, kFirstSlot};
  }
  // Lists the segment that follows, before its time.
  void Prepare() {
    if (&Entered() != &manifest_.segments.back()) return;
    manifest_.segments.push_back({NewOrdinal(), manifest_.epoch, NewOrRecycledFile(), {}});
  }
  void NoteDurable() {
    manifest_.durable = std::max(durable_, manifest_.replay);
    manifest_.durable_index = Index(RecordsBelow(durable_));
  }

  // Tables take over the log up to a record, synced or not; whole segments below it are retired.
  void Flush() {
    std::size_t applied = 0;
    while (applied < log_.size() && log_[applied].acknowledged) ++applied;
    if (applied <= manifest_.in_tables) return;
    manifest_.in_tables = random_.Between(manifest_.in_tables + 1, applied);
    manifest_.replay = log_[manifest_.in_tables - 1].end;
    NoteDurable();
    while (manifest_.segments.front().ordinal < manifest_.replay.segment) {
      pool_.push_back(manifest_.segments.front().file);
      manifest_.segments.erase(manifest_.segments.begin());
    }
  }

  void Crash(bool power) {
    for (const InFlight& flight : in_flight_) {  // dropped, finished, or left to the page cache
      const std::uint64_t fate = random_.Below(3);
      for (std::uint64_t i = flight.begin; i < flight.begin + flight.size; ++i) {
        if (fate == 0) Current().seen[i] = Current().stable[i];
        if (fate == 1) Current().stable[i] = Current().seen[i];
      }
    }
    in_flight_.clear();
    if (!power) return;
    for (Disk& disk : files_) {
      for (std::size_t i = 0; i < kSegmentSlots; ++i) {
        if (random_.Chance(1, 2)) disk.stable[i] = disk.seen[i];
        disk.seen[i] = disk.stable[i];
      }
    }
  }

  // The item at `slot`, when it is whole and of this segment's present use.
  const Slot* ItemAt(const Listed& segment, std::uint64_t slot) const {
    const std::vector<Slot>& seen = files_[segment.file].seen;
    const std::uint64_t limit = segment.end.value_or(kSegmentSlots);
    if (slot >= limit) return nullptr;
    const Slot& head = seen[slot];
    const bool any_epoch = variant_ == Variant::kAppendToRecovered;
    const bool any_ordinal = variant_ == Variant::kOrdinalIgnored;
    if (!head.written || (head.segment != segment.ordinal && !any_ordinal) || head.own != slot ||
        head.part != 0 || (head.epoch != segment.epoch && !any_epoch) || slot + head.size > limit) {
      return nullptr;
    }
    for (std::uint64_t part = 1; part < head.size; ++part) {  // what the checksum tells
      const Slot& other = seen[slot + part];
      if (other.segment != head.segment || other.own != slot || other.part != part ||
          other.id != head.id || other.epoch != head.epoch) {
        return nullptr;
      }
    }
    return &head;
  }

  Recovered Read() const {
    Recovered out;
    out.durable = std::max(manifest_.durable, manifest_.replay);
    out.durable_index = manifest_.durable_index;
    for (const Listed& segment : manifest_.segments) {
      if (segment.end) out.durable = std::max(out.durable, {segment.ordinal, *segment.end});
      for (std::uint64_t slot = kFirstSlot; slot < kSegmentSlots; slot += 2) {
        const Slot* item = ItemAt(segment, slot);
        if (item == nullptr) continue;
        out.durable = std::max(out.durable, item->durable);
        out.durable_index = std::max(out.durable_index, item->durable_index);
      }
    }
    for (std::size_t i = 0; i < manifest_.in_tables; ++i) out.ids.push_back(log_[i].id);
    out.before_durable = out.ids.size();
    out.end = manifest_.replay;
    auto segment = std::find_if(
        manifest_.segments.begin(), manifest_.segments.end(),
        [&](const Listed& listed) { return listed.ordinal == manifest_.replay.segment; });
    for (;;) {
      while (segment->end == out.end.offset && std::next(segment) != manifest_.segments.end()) {
        ++segment;
        out.end = {segment->ordinal, kFirstSlot};
      }
      const Slot* item = nullptr;
      for (const std::uint64_t slot : {out.end.offset, BlockUp(out.end.offset)}) {
        const Slot* found = item == nullptr ? ItemAt(*segment, slot) : nullptr;
        if (found != nullptr && found->previous == out.end.offset) item = found;
      }
      if (item == nullptr) return out;
      out.end.offset = item->own + item->size;
      if (!item->vouch) out.ids.push_back(item->id);
      if (out.end <= out.durable) out.before_durable = out.ids.size();
    }
  }

  Verdict Judge(const Recovered& found, std::size_t required) const {
    const bool refuses = variant_ == Variant::kSequenceWatermark
                             ? IndexOf(found.ids) < found.durable_index
                             : found.end < found.durable;
    if (refuses) return Verdict::kRefused;
    for (std::size_t i = 0; i < found.ids.size(); ++i) {
      if (i >= log_.size() || found.ids[i] != log_[i].id) return Verdict::kResurrected;
    }
    return found.ids.size() < required ? Verdict::kLost : Verdict::kSound;
  }
  std::uint64_t IndexOf(const std::vector<std::uint64_t>& ids) const {
    return Index(std::min(ids.size(), log_.size()));
  }

  Verdict CrashAndRecover() {
    std::size_t durable_count = std::max(RecordsBelow(durable_), manifest_.in_tables);
    std::size_t acknowledged = durable_count;
    while (acknowledged < log_.size() && log_[acknowledged].acknowledged) ++acknowledged;
    bool power = random_.Chance(1, 2);
    bool power_lost = power;
    Crash(power);
    for (;;) {  // a recovery may crash any number of times, before or behind its edit
      const Recovered found = Read();
      const Verdict verdict = Judge(found, power_lost ? durable_count : acknowledged);
      if (verdict != Verdict::kSound) return verdict;
      if (Settle(found)) return Verdict::kSound;
      power = random_.Chance(1, 2);
      power_lost |= power;
      Crash(power);
    }
  }

  // Step 5. False: it crashed before its edit.
  bool Settle(const Recovered& found) {
    if (variant_ == Variant::kAppendToRecovered) return SettleInPlace(found);
    const bool relog = variant_ != Variant::kTailNotRelogged;
    const LogPosition cut = relog ? found.durable : found.end;
    Manifest next = manifest_;
    while (next.segments.back().ordinal > cut.segment) {
      next.segments.pop_back();
    }
    next.segments.back().end = cut.offset;
    next.epoch = manifest_.epoch.Next();
    const bool recycled = variant_ == Variant::kRelogIntoRecycled;
    const std::size_t file = recycled ? NewOrRecycledFile() : NewFile();
    const Listed fresh{next.next_ordinal, next.epoch, file, std::nullopt};
    next.next_ordinal = next.next_ordinal.Next();
    next.segments.push_back(fresh);

    std::vector<Record> log(log_.begin(), log_.begin() + std::ptrdiff_t(found.ids.size()));
    LogPosition end{fresh.ordinal, kFirstSlot};
    if (relog) {
      for (std::size_t i = found.before_durable; i < log.size(); ++i) {
        if (random_.Chance(1, 20)) return Abandon(file);
        if (end.offset == kSegmentSlots) {  // a real one is made large enough
          files_[file].seen.resize(kSegmentSlots);
          break;
        }
        files_[file].seen[end.offset] =
            Slot{true, false,      fresh.ordinal, fresh.epoch, end.offset, 0,
                 1,    end.offset, log[i].id,     {},          0};
        ++end.offset;
        log[i].end = end;
      }
    }
    if (random_.Chance(1, 8)) return Abandon(file);
    Harden(files_[file], 0, kSegmentSlots);
    if (random_.Chance(1, 8)) return Abandon(file);
    for (const Listed& segment : manifest_.segments) {
      if (segment.ordinal > cut.segment) pool_.push_back(segment.file);
    }
    manifest_ = next;
    log_ = log;
    for (Record& record : log_) record.acknowledged = true;
    durable_ = end_ = end;
    NoteDurable();
    return !random_.Chance(1, 8) || (Crash(random_.Chance(1, 2)), false);
  }
  bool Abandon(std::size_t file) {
    pool_.push_back(file);
    return false;
  }
  bool SettleInPlace(const Recovered& found) {
    while (manifest_.segments.back().ordinal > found.end.segment) manifest_.segments.pop_back();
    manifest_.segments.back().end.reset();
    manifest_.epoch = manifest_.epoch.Next();
    for (const Listed& segment : manifest_.segments) {
      for (std::size_t i = 0; i < kSegmentSlots; ++i) {
        files_[segment.file].stable[i] = files_[segment.file].seen[i];
      }
    }
    log_.resize(found.ids.size());
    for (Record& record : log_) record.acknowledged = true;
    durable_ = end_ = found.end;
    NoteDurable();
    return true;
  }

  RandomStream random_;
  Variant variant_;
  std::uint64_t flights_max_ = 1;
  std::vector<Disk> files_;
  std::vector<std::size_t> pool_;  // files to recycle: old content included
  Manifest manifest_;              // as it is on disk: an edit is one atomic step
  std::vector<Record> log_;        // what was issued, in order, behind what recovery settled
  std::vector<InFlight> in_flight_;
  LogPosition end_;
  LogPosition durable_;
  std::uint64_t last_id_ = 0;
};

std::uint64_t Seed() {
  const char* given = std::getenv("BEACH_WAL_MODEL_SEED");
  return given == nullptr ? 20260101 : std::strtoull(given, nullptr, 10);
}

struct Tally {
  std::uint64_t counts[4] = {};
  std::uint64_t first_bad = 0;

  std::uint64_t operator[](Verdict verdict) const { return counts[static_cast<int>(verdict)]; }
};

Tally RunMany(Variant variant, std::uint64_t histories) {
  Tally tally;
  for (std::uint64_t i = 0; i < histories; ++i) {
    const std::uint64_t seed = RandomValue(Seed(), i);
    const Verdict verdict = History(seed, variant).Run();
    ++tally.counts[static_cast<int>(verdict)];
    if (verdict != Verdict::kSound && tally.first_bad == 0) tally.first_bad = seed;
  }
  std::cout << "seed " << Seed() << ": sound " << tally[Verdict::kSound] << ", lost "
            << tally[Verdict::kLost] << ", resurrected " << tally[Verdict::kResurrected]
            << ", refused " << tally[Verdict::kRefused] << ", first bad history " << tally.first_bad
            << "\n";
  return tally;
}

TEST(WalModel, TheRuleLosesResurrectsAndRefusesNothing) {
  const Tally tally = RunMany(Variant::kRule, 20000);
  EXPECT_EQ(tally[Verdict::kSound], 20000U) << "first bad history " << tally.first_bad;
}

TEST(WalModel, AppendingToTheRecoveredSegmentBringsBackWhatWasCut) {
  const Tally tally = RunMany(Variant::kAppendToRecovered, 10000);
  EXPECT_GT(tally[Verdict::kResurrected], 10U);
}

TEST(WalModel, AWatermarkBySequenceRefusesHealthyLogs) {
  const Tally tally = RunMany(Variant::kSequenceWatermark, 2000);
  EXPECT_GT(tally[Verdict::kRefused], 200U);
}

TEST(WalModel, ATailLeftToThePageCacheIsLost) {
  const Tally tally = RunMany(Variant::kTailNotRelogged, 2000);
  EXPECT_GT(tally[Verdict::kLost] + tally[Verdict::kRefused], 20U);
}

TEST(WalModel, AFormerLifesItemsComeBackWithoutTheOrdinal) {
  const Tally tally = RunMany(Variant::kOrdinalIgnored, 2000);
  EXPECT_GT(tally[Verdict::kResurrected], 20U);
}

TEST(WalModel, AcknowledgingOutOfOrderLosesOrRefuses) {
  const Tally tally = RunMany(Variant::kDurableAtAnyEnd, 2000);
  EXPECT_GT(tally[Verdict::kLost] + tally[Verdict::kRefused], 20U);
}

TEST(WalModel, ReloggingIntoARecycledFileBringsBackWhatWasCut) {
  const Tally tally = RunMany(Variant::kRelogIntoRecycled, 20000);
  EXPECT_GT(tally[Verdict::kResurrected], 0U);
}

}  // namespace
}  // namespace beach::engine::wal
