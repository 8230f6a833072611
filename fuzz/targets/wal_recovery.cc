// SPDX-License-Identifier: Apache-2.0
// Recovery of a log (docs/formats/wal.md) from several segments and a manifest's list of them
// (log_directory.h). The three modes must agree on all that they take, and what step 5 makes of a
// recovered log must recover to the same.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "engine/manifest/state.h"
#include "engine/testing/memory_files.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "engine/wal/segment_reader.h"
#include "fuzz/targets/log_directory.h"
#include "fuzz/targets/targets.h"
#include "fuzz/targets/wal_seal.h"

namespace beach::fuzz {
namespace {

using namespace engine::wal;  // NOLINT(google-build-using-namespace): the whole file is about it
using engine::FileNumber;
using engine::LogPosition;
using engine::OpenEpoch;
using engine::RecoveryMode;
using engine::SegmentOrdinal;
using engine::SequenceNumber;
using engine::testing::MemoryFiles;

void Seal(Bytes& input) {
  auto directory = DecodeLogDirectory(input);
  if (!directory) return;
  for (LogDirectory::File& file : directory->files) {
    SealSegment(file.bytes.data(), file.bytes.size());
  }
  input = EncodeLogDirectory(*directory);
}

struct Replayed {
  SequenceNumber first_sequence;
  std::uint32_t count = 0;
  Bytes payload;
  friend bool operator==(const Replayed&, const Replayed&) = default;
};

struct Outcome {
  std::vector<Replayed> flights;  // those before an error, too
  Result<Recovery> recovery = Recovery();
};

Outcome Recover(MemoryFiles& files, RecoveryInput input, RecoveryMode mode) {
  input.mode = mode;
  Outcome outcome;
  LogPosition last = input.replay_from;
  std::uint64_t lost = 0;
  input.lost = [&lost](const Flight&) { ++lost; };
  outcome.recovery = RecoverLog(files, input, [&](const Flight& flight) -> Status {
    BEACH_CHECK(flight.begin >= last);
    BEACH_CHECK(flight.begin < flight.end);
    BEACH_CHECK_EQ(flight.begin.segment.value, flight.end.segment.value);
    last = flight.end;
    outcome.flights.push_back({flight.first_sequence, flight.count, Bytes(flight.payload)});
    return {};
  });
  if (!outcome.recovery) {
    const ErrorCode code = outcome.recovery.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    return outcome;
  }
  const Recovery& recovery = *outcome.recovery;
  BEACH_CHECK_EQ(recovery.flights, outcome.flights.size());
  BEACH_CHECK(recovery.end >= last);
  BEACH_CHECK(recovery.end >= recovery.durable);
  BEACH_CHECK_LE(recovery.tail.size(), outcome.flights.size());
  if (recovery.loss) {
    BEACH_CHECK(mode == RecoveryMode::kPointInTime);
    BEACH_CHECK(recovery.loss->to >= recovery.end);
    BEACH_CHECK_EQ(recovery.loss->flights, lost);
  }
  return outcome;
}

bool IsPrefix(const std::vector<Replayed>& part, const std::vector<Replayed>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

void CheckModes(const Outcome& torn, const Outcome& absolute, const Outcome& point) {
  if (absolute.recovery) {
    BEACH_CHECK(torn.recovery.has_value());
    BEACH_CHECK(!torn.recovery->torn);
    BEACH_CHECK_EQ(torn.recovery->bytes_beyond_end, 0U);
  }
  if (torn.recovery) {
    BEACH_CHECK(point.recovery.has_value());
    BEACH_CHECK(!point.recovery->loss.has_value());
    BEACH_CHECK(point.recovery->end == torn.recovery->end);
    BEACH_CHECK(point.flights == torn.flights);
    const bool cut = torn.recovery->torn || torn.recovery->bytes_beyond_end > 0;
    BEACH_CHECK_EQ(absolute.recovery.has_value(), !cut);
  }
  BEACH_CHECK(absolute.flights == torn.flights);
  if (point.recovery) BEACH_CHECK(IsPrefix(torn.flights, point.flights));
}

// One above those of the segments that can be read; nothing above what a manifest takes.
std::optional<OpenEpoch> NextEpoch(MemoryFiles& files, const RecoveryInput& input) {
  OpenEpoch epoch;
  for (const Segment& segment : input.segments) {
    const std::string path = env::JoinPath(kLogFolder, SegmentFileName(segment.file));
    const auto reader = SegmentReader::Open(files, path);
    if (reader) epoch = std::max(epoch, reader->block().epoch);
  }
  if (epoch >= engine::kEpochMax) return std::nullopt;
  return epoch.Next();
}

// Step 5, and the next open. As the engine does it: a log without flights is let go of whole, and
// so is what lies below the place where replay begins.
void CheckRelogged(MemoryFiles& files, const RecoveryInput& input, const Outcome& outcome,
                   RecoveryMode mode) {
  const Recovery& recovery = *outcome.recovery;
  const auto epoch = NextEpoch(files, input);
  if (!epoch || outcome.flights.empty()) return;
  BEACH_CHECK(!recovery.kept.empty());
  const std::uint64_t number = input.segments.size() + 1;
  const Segment fresh{SegmentOrdinal(number), FileNumber(number),
                      TailSegmentSize(recovery.tail, kSegmentSizeMin), Segment::kOpenEnd};
  const std::string path = env::JoinPath(kLogFolder, SegmentFileName(fresh.file));
  const Status created =
      CreateSegment(files, path, fresh.size_bytes, {fresh.ordinal, *epoch, recovery.durable});
  BEACH_CHECK(created.has_value());
  const auto end = RelogTail(files, path, fresh, *epoch, recovery.tail);
  BEACH_CHECK(end.has_value());

  RecoveryInput next = input;
  next.segments = recovery.kept;
  std::erase_if(next.segments, [&input](const Segment& segment) {
    return segment.ordinal < input.replay_from.segment;
  });
  next.segments.push_back(fresh);
  next.durable = *end;
  const Outcome again = Recover(files, next, mode);
  BEACH_CHECK(again.recovery.has_value());
  BEACH_CHECK(!again.recovery->loss.has_value());
  BEACH_CHECK(!again.recovery->torn);
  BEACH_CHECK_EQ(again.recovery->bytes_beyond_end, 0U);
  BEACH_CHECK(again.recovery->tail.empty());
  BEACH_CHECK(again.recovery->end == *end);
  BEACH_CHECK(again.flights == outcome.flights);
}

void Run(ByteView bytes) {
  const auto directory = DecodeLogDirectory(bytes);
  if (!directory) return;
  MemoryFiles files;
  const RecoveryInput input = Materialize(*directory, files);
  const Outcome torn = Recover(files, input, RecoveryMode::kTornTail);
  const Outcome absolute = Recover(files, input, RecoveryMode::kAbsolute);
  const Outcome point = Recover(files, input, RecoveryMode::kPointInTime);
  CheckModes(torn, absolute, point);
  if (point.recovery) CheckRelogged(files, input, point, RecoveryMode::kPointInTime);
}

}  // namespace

const Target wal_recovery_target = {
    .name = "wal_recovery", .run = Run, .seal = Seal, .size_max = 64 * 1024};

}  // namespace beach::fuzz
