// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/check.h"
#include "base/coding.h"
#include "engine/testing/memory_files.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "fuzz/seeds.h"
#include "fuzz/targets/raft_directory.h"
#include "raft/disk/log_map.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"

namespace beach::fuzz {
namespace {

using namespace raft;  // NOLINT: the whole file is about it
using engine::FileNumber;
using engine::LogPosition;
using engine::OpenEpoch;
using engine::SegmentOrdinal;
using engine::wal::kBlockSize;
using engine::wal::kSegmentHeaderSize;
using engine::wal::kSegmentSizeMin;
using engine::wal::Segment;

constexpr OpenEpoch kEpoch{3};

Entry EntryOf(std::uint64_t index, std::uint64_t term, EntryKind kind = EntryKind::kNormal) {
  return {.term = Term(term),
          .index = LogIndex(index),
          .kind = kind,
          .payload = kind == EntryKind::kNormal ? Payload::Copy("payload of one") : Payload()};
}

Bytes Entries(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
  Bytes records;
  for (; first <= last; ++first) AppendEntry(records, EntryOf(first, term));
  return records;
}

// A log as a node writes it: each flight begins with what the log was before it.
class Writer {
 public:
  Writer() {
    BEACH_CHECK(files_.CreateDirectory(kRaftFolder).has_value());
    content_.salt = engine::LogSalt(0x5a17);
    engine::wal::LogOptions options{&files_, kRaftFolder, true, kEpoch, {}, 2, content_.salt};
    options.next_segment = [this](LogPosition end) -> Result<Segment> {
      content_.segments.back().end = end.offset;
      return NewSegment(end);
    };
    content_.cluster = ClusterId(77);
    content_.node = NodeId(2);
    content_.starts = kEpoch.value;
    const Segment first = NewSegment({});
    content_.durable = {first.ordinal, kSegmentHeaderSize};
    auto log = engine::wal::Log::Open(std::move(options), first, content_.durable);
    BEACH_CHECK(log.has_value());
    log_ = *std::move(log);
  }

  void Write(const Bytes& records) {
    const Bytes payload = HeadPayload(map_.Head()) + records;
    BEACH_CHECK(map_.Apply(payload, log_->end()).has_value());
    WritePayload(payload);
  }
  // Says that there are as many entries as there can be.
  void WriteLie() {
    WritePayload(HeadPayload({.hard_state = {},
                              .base = {},
                              .last = kLogIndexMax,
                              .before = {},
                              .runs = {{LogIndex(1), Term(1)}}}));
  }
  void Rotate() { BEACH_CHECK(log_->Rotate().has_value()); }
  void Vouch() { BEACH_CHECK(log_->Vouch().has_value()); }
  // What it is now, as a register says it.
  void Register() {
    content_.base = map_.base();
    content_.base_term = map_.base_term();
    content_.head = map_.Head(kRegisterRunsMax);
    content_.durable = log_->durable();
  }

  RaftDirectory Directory() const {
    RaftDirectory directory;
    directory.register_bytes = EncodeRegister(content_);
    for (const Segment& segment : content_.segments) {
      Bytes bytes = files_.Content(PathOf(segment));
      bytes.resize(bytes.find_last_not_of('\0') + 1);
      bytes.resize(engine::wal::BlockUp(bytes.size()), '\0');
      directory.files.push_back(
          {.size = static_cast<std::uint32_t>(segment.size_bytes), .bytes = std::move(bytes)});
    }
    return directory;
  }
  // As an input of raft_record.
  Bytes Flights(bool jumps) const {
    Bytes bytes;
    Encoder encoder(bytes);
    for (const Bytes& payload : payloads_) {
      encoder.Fixed8(jumps ? 1 : 0);
      encoder.Fixed16(static_cast<std::uint16_t>(payload.size()));
      encoder.Raw(payload);
    }
    return bytes;
  }
  const raft::Register& content() const { return content_; }

 private:
  static std::string PathOf(const Segment& segment) {
    return env::JoinPath(kRaftFolder, engine::wal::SegmentFileName(segment.file));
  }
  void WritePayload(const Bytes& payload) {
    payloads_.push_back(payload);
    BEACH_CHECK(log_->Append({payload, {}, 2, true}).has_value());
  }
  Segment NewSegment(LogPosition predecessor_end) {
    const Segment segment{content_.next_ordinal, content_.next_file, kSegmentSizeMin,
                          Segment::kOpenEnd};
    content_.next_ordinal = segment.ordinal.Next();
    content_.next_file = segment.file.Next();
    const Status made =
        engine::wal::CreateSegment(files_, PathOf(segment), kSegmentSizeMin,
                                   {segment.ordinal, kEpoch, predecessor_end, content_.salt});
    BEACH_CHECK(made.has_value());
    content_.segments.push_back(segment);
    return segment;
  }

  engine::testing::MemoryFiles files_;
  raft::Register content_;
  LogMap map_{{}, {}};
  std::vector<Bytes> payloads_;
  std::unique_ptr<engine::wal::Log> log_;
};

// All kinds of records.
void WriteAll(Writer& log) {
  Bytes records;
  AppendHardState(records, {.term = Term(2), .vote = NodeId(1)});
  AppendEntry(records, EntryOf(1, 1, EntryKind::kNoOp));
  log.Write(records + Entries(2, 4, 2));
  log.Write(Entries(5, 6, 3));
  records.clear();
  AppendCut(records, LogIndex(6));
  AppendEntry(records, EntryOf(6, 4, EntryKind::kLost));
  log.Write(records + Entries(7, 9, 4));
  records.clear();
  AppendFill(records, EntryOf(6, 4));
  log.Write(records);
  records.clear();
  AppendBase(records, LogIndex(2), Term(2), /*keeps_suffix=*/true);
  log.Write(records + Entries(10, 10, 5));
}

void AddDamaged(Seeds& seeds, const std::string& name, RaftDirectory directory, std::size_t file,
                std::size_t block) {
  directory.files[file].bytes[(block * kBlockSize) + 70] = 'x';
  seeds.push_back({"raft_log", name, EncodeRaftDirectory(directory)});
}

}  // namespace

void AddRaftLogSeeds(Seeds& seeds) {
  Writer one;
  WriteAll(one);
  one.Vouch();
  seeds.push_back({"raft_record", "all-kinds", one.Flights(false)});
  seeds.push_back({"raft_record", "jumps", one.Flights(true)});
  seeds.push_back({"raft_register", "first", EncodeRegister(one.content())});
  seeds.push_back({"raft_log", "one-segment", EncodeRaftDirectory(one.Directory())});
  AddDamaged(seeds, "rotten", one.Directory(), 0, 3);
  AddDamaged(seeds, "rotten-first", one.Directory(), 0, 1);

  Writer lie;
  lie.Write(Entries(1, 1, 1));
  lie.Write(Entries(2, 2, 1));
  lie.WriteLie();
  lie.Vouch();
  seeds.push_back({"raft_record", "lie", lie.Flights(true)});
  AddDamaged(seeds, "lie-behind-damage", lie.Directory(), 0, 1);

  Writer two;
  WriteAll(two);
  two.Register();
  two.Rotate();
  for (std::uint64_t term = 6; term < 18; term += 3) {
    const auto entry = [&](std::uint64_t more) {
      return Entries(term + more + 5, term + more + 5, term + more);
    };
    two.Write(entry(0) + entry(1) + entry(2));
  }
  RaftDirectory directory = two.Directory();
  seeds.push_back({"raft_record", "many-terms", two.Flights(true)});
  seeds.push_back({"raft_register", "two-segments", EncodeRegister(two.content())});
  seeds.push_back({"raft_log", "two-segments", EncodeRaftDirectory(directory)});
  AddDamaged(seeds, "rotten-before-many-terms", directory, 1, 4);
  directory.held = {.index = LogIndex(9), .term = Term(4), .may_be_lost = false};
  AddDamaged(seeds, "rotten-below-held", directory, 0, 2);
  directory.held = {.index = LogIndex(40), .term = Term(40), .may_be_lost = false};
  AddDamaged(seeds, "held-beyond", directory, 0, 0);
  two.Register();
  seeds.push_back({"raft_register", "head-of-many-terms", EncodeRegister(two.content())});
  directory = two.Directory();
  directory.files[0] = {};
  seeds.push_back({"raft_log", "first-is-gone", EncodeRaftDirectory(directory)});
  directory = two.Directory();
  directory.files[1].bytes.resize(3 * kBlockSize);
  directory.register_bytes[100] = 'x';
  seeds.push_back({"raft_log", "cut", EncodeRaftDirectory(directory)});
}

}  // namespace beach::fuzz
