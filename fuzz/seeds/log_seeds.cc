// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "base/check.h"
#include "engine/group_payload.h"
#include "engine/testing/memory_files.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "engine/write_batch.h"
#include "fuzz/seeds.h"
#include "fuzz/targets/log_directory.h"

namespace beach::fuzz {
namespace {

using namespace engine::wal;  // NOLINT(google-build-using-namespace): the whole file is about it
using engine::FileNumber;
using engine::LogPosition;
using engine::OpenEpoch;
using engine::SegmentOrdinal;
using engine::SequenceNumber;
using engine::testing::MemoryFiles;

constexpr OpenEpoch kEpoch{3};

// A log written by the engine's own writer, segment by segment.
class Writer {
 public:
  Writer() {
    BEACH_CHECK(files_.CreateDirectory(kLogFolder).has_value());
    LogOptions options{&files_, kLogFolder, true, kEpoch, {}, 2};
    options.next_segment = [this](LogPosition end) -> Result<Segment> {
      segments_.back().end = end.offset;
      return NewSegment(end);
    };
    const Segment first = NewSegment({});
    auto log = Log::Open(std::move(options), first, {first.ordinal, kSegmentHeaderSize});
    BEACH_CHECK(log.has_value());
    log_ = *std::move(log);
  }

  void Write(ByteView value, bool sync) {
    engine::WriteBatch batch;
    batch.Put("key" + std::to_string(sequence_), value);
    batch.Delete("gone");
    Bytes payload;
    engine::AppendBatchToGroup(payload, batch.encoding());
    const auto written = log_->Append({payload, SequenceNumber(sequence_), batch.count(), sync});
    BEACH_CHECK(written.has_value());
    sequence_ += batch.count();
  }
  void Rotate() { BEACH_CHECK(log_->Rotate().has_value()); }
  void Vouch() { BEACH_CHECK(log_->Vouch().has_value()); }

  // Without the zeros that it ends with.
  Bytes File(std::size_t index) const {
    Bytes bytes = files_.Content(PathOf(segments_[index]));
    bytes.resize(bytes.find_last_not_of('\0') + 1);
    bytes.resize(BlockUp(bytes.size()), '\0');
    return bytes;
  }
  LogDirectory Directory() const {
    LogDirectory directory;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const Segment& segment = segments_[i];
      directory.files.push_back({static_cast<std::uint32_t>(segment.size_bytes),
                                 static_cast<std::uint32_t>(segment.end), File(i)});
    }
    return directory;
  }

 private:
  static std::string PathOf(const Segment& segment) {
    return env::JoinPath(kLogFolder, SegmentFileName(segment.file));
  }
  Segment NewSegment(LogPosition predecessor_end) {
    const std::uint64_t number = segments_.size() + 1;
    const Segment segment{SegmentOrdinal(number), FileNumber(number), kSegmentSizeMin,
                          Segment::kOpenEnd};
    const Status made = CreateSegment(files_, PathOf(segment), kSegmentSizeMin,
                                      {segment.ordinal, kEpoch, predecessor_end});
    BEACH_CHECK(made.has_value());
    segments_.push_back(segment);
    return segment;
  }

  MemoryFiles files_;
  std::vector<Segment> segments_;
  std::unique_ptr<Log> log_;
  std::uint64_t sequence_ = 1;
};

void AddRecords(Seeds& seeds, const Bytes& segment) {
  std::uint64_t previous_end = kSegmentHeaderSize;
  for (std::uint64_t offset = kSegmentHeaderSize, n = 0; offset < segment.size(); ++n) {
    ItemHeader header;
    const ItemPlace place{SegmentOrdinal(1), kEpoch, offset, segment.size()};
    const bool found = DecodeItemHeader(ByteView(segment).substr(offset), place, header);
    if (!found) {
      offset = BlockUp(offset + 1);
      continue;
    }
    BEACH_CHECK_EQ(header.previous_end, previous_end);
    previous_end = header.end();
    seeds.push_back(
        {"wal_record", "item-" + std::to_string(n), segment.substr(offset, header.size())});
    offset = header.end();
  }
}

}  // namespace

void AddLogSeeds(Seeds& seeds) {
  Writer flights;
  flights.Write("a", true);
  flights.Write(Bytes(5000, 'b'), true);
  flights.Write("c", false);
  flights.Write("d", false);
  flights.Write("e", true);
  flights.Vouch();
  AddRecords(seeds, flights.File(0));
  seeds.push_back({"wal_segment", "all-kinds", flights.File(0)});
  seeds.push_back({"wal_recovery", "one-segment", EncodeLogDirectory(flights.Directory())});

  Writer runs;
  for (int i = 0; i < 12; ++i) runs.Write(Bytes(100, 'r'), false);
  seeds.push_back({"wal_segment", "runs", runs.File(0)});

  Writer rotated;
  rotated.Write("first", true);
  rotated.Write("run", false);
  rotated.Rotate();
  rotated.Write("second", true);
  rotated.Write("tail", true);
  LogDirectory directory = rotated.Directory();
  seeds.push_back({"wal_segment", "second", rotated.File(1)});
  seeds.push_back({"wal_recovery", "two-segments", EncodeLogDirectory(directory)});
  directory.replay_from = {SegmentOrdinal(1), 2 * kBlockSize};
  directory.durable = {SegmentOrdinal(2), kSegmentHeaderSize};
  seeds.push_back({"wal_recovery", "replay-from", EncodeLogDirectory(directory)});
  // A flight that another was written behind of, cut: what a power loss leaves.
  Bytes& torn = directory.files[1].bytes;
  torn.replace(kSegmentHeaderSize + 100, 10, 10, 'x');
  seeds.push_back({"wal_segment", "torn", torn});
  seeds.push_back({"wal_recovery", "torn", EncodeLogDirectory(directory)});
  Bytes& rotten = directory.files[0].bytes;
  rotten[kSegmentHeaderSize + 70] = 'x';
  seeds.push_back({"wal_recovery", "rotten", EncodeLogDirectory(directory)});
  Bytes recycled = EncodeSegmentBlock({.ordinal = SegmentOrdinal(9),
                                       .epoch = OpenEpoch(4),
                                       .file_size_bytes = kSegmentSizeMin,
                                       .predecessor_end = {SegmentOrdinal(8), 0},
                                       .former = SegmentOrdinal(1)});
  seeds.push_back(
      {"wal_segment", "recycled", recycled + rotated.File(0).substr(kSegmentHeaderSize)});
}

}  // namespace beach::fuzz
