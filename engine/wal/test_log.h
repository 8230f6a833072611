// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "engine/wal/log.h"
#include "engine/wal/test_files.h"

namespace beach::engine::wal {

// What a database would do around the log: a manifest in memory, and lives that end in crashes.
class TestLog {
 public:
  static constexpr std::uint64_t kSize = 128 * 1024;

  TestFiles files;
  RecoveryInput manifest{.directory = "db", .segments = {}, .replay_from = {}, .durable = {}};
  OpenEpoch epoch;
  std::unique_ptr<Log> log;
  bool direct = true;
  std::uint64_t flights_max = 1;
  std::uint64_t last_number = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t segment_size = kSize;

  struct Found {
    Recovery recovery;
    std::vector<Bytes> payloads;
    std::vector<LogPosition> ends;
  };

  Segment NewSegment(LogPosition predecessor_end, std::uint64_t size_bytes) {
    ++last_number;
    const Segment segment{SegmentOrdinal(last_number), FileNumber(last_number), size_bytes,
                          Segment::kOpenEnd};
    const Status made =
        CreateSegment(files, Path(segment), size_bytes, {segment.ordinal, epoch, predecessor_end});
    EXPECT_TRUE(made) << made.error().ToString();
    return segment;
  }
  std::string Path(const Segment& segment) const {
    return env::JoinPath("db", SegmentFileName(segment.file));
  }
  std::string Path() const { return Path(manifest.segments.back()); }

  Result<Found> Recover() {
    Found found;
    auto recovery = RecoverLog(files, manifest, [&found](const Flight& flight) -> Status {
      found.payloads.emplace_back(flight.payload);
      found.ends.push_back(flight.end);
      return {};
    });
    if (!recovery) return Fail(recovery.error());
    found.recovery = *std::move(recovery);
    return found;
  }

  // Step 5, and the log behind it.
  Result<Found> Open() {
    BEACH_TRY_ASSIGN(Found found, Recover());
    epoch = epoch.Next();
    const Recovery& recovery = found.recovery;
    const Segment fresh = NewSegment(recovery.kept.empty() ? LogPosition{} : recovery.durable,
                                     TailSegmentSize(recovery.tail, segment_size));
    BEACH_TRY_ASSIGN(const LogPosition end,
                     RelogTail(files, Path(fresh), fresh, epoch, recovery.tail));
    manifest.segments = recovery.kept;
    manifest.segments.push_back(fresh);
    manifest.durable = end;
    LogOptions options{&files, "db", direct, epoch, {}, flights_max};
    options.next_segment = [this](LogPosition log_end) -> Result<Segment> {
      manifest.segments.back().end = log_end.offset;
      manifest.segments.push_back(NewSegment(log_end, segment_size));
      return manifest.segments.back();
    };
    BEACH_TRY_ASSIGN(log, Log::Open(std::move(options), fresh, end));
    return found;
  }

  // A flight under way, which lands when it is awaited.
  std::unique_ptr<PendingFlight> Submit(const Bytes& payload) {
    auto flight = log->Submit({payload, SequenceNumber(++last_sequence), 1, true});
    EXPECT_TRUE(flight) << flight.error().ToString();
    return flight ? *std::move(flight) : nullptr;
  }
  Result<LogPosition> Append(const Bytes& payload, bool sync = true) {
    return log->Append({payload, SequenceNumber(++last_sequence), 1, sync});
  }
};

}  // namespace beach::engine::wal
