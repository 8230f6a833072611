// SPDX-License-Identifier: Apache-2.0
// The directory of a Raft log, damaged in any way, and what its state machine says that it holds
// (raft_directory.h). The dump, `verify` and a start agree on whether it is damaged and what it
// comes to; neither of the first two changes a byte. What a start has mended is sound, and the next
// one finds the same.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "engine/wal/format.h"
#include "fuzz/targets/raft_directory.h"
#include "fuzz/targets/targets.h"
#include "fuzz/targets/wal_seal.h"
#include "raft/disk/dump.h"
#include "raft/disk/recover.h"
#include "raft/disk/register.h"
#include "raft/disk/verify.h"

namespace beach::fuzz {
namespace {

using engine::testing::MemoryFiles;
using raft::LogIndex;
using raft::RaftLogReport;
using raft::RecoveredLog;

void Seal(Bytes& input) {
  auto directory = DecodeRaftDirectory(input);
  if (!directory) return;
  SealRegister(directory->register_bytes);
  for (RaftDirectory::File& file : directory->files) {
    SealSegment(file.bytes.data(), file.bytes.size());
  }
  input = EncodeRaftDirectory(*directory);
}

void CheckError(const Error& error) {
  const ErrorCode code = error.code();
  BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused ||
              code == ErrorCode::kNotFound);
  BEACH_CHECK(!error.path().empty());
}

// What a log comes to.
struct Outcome {
  LogIndex base;
  LogIndex last;
  std::uint64_t lost = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome OutcomeOf(const RaftLogReport& report) { return {report.base, report.last, report.lost}; }
Outcome OutcomeOf(const RecoveredLog& log) {
  return {log.map.base(), log.map.last(), log.map.lost()};
}

Status Dump(MemoryFiles& files) {
  std::uint64_t lines = 0;
  return raft::DumpRaftLog(files, kRaftFolder, [&lines](std::string_view line) {
    ++lines;
    BEACH_CHECK(line.find('\n') == std::string_view::npos);
  });
}

// Of both copies of the register one may be damaged, which the dump tells of and goes on.
Result<RaftLogReport> Look(MemoryFiles& files, bool register_is_damaged) {
  const auto before = files.Snapshot(kRaftFolder);
  const Status dumped = Dump(files);
  if (!dumped) CheckError(dumped.error());
  auto report = raft::VerifyRaftLog(files, kRaftFolder);
  BEACH_CHECK(files.Snapshot(kRaftFolder) == before);
  if (!report) {
    CheckError(report.error());
    BEACH_CHECK(!dumped);
    return report;
  }
  const std::size_t of_register = register_is_damaged ? 1 : 0;
  BEACH_CHECK_GE(report->damage.size(), of_register);
  BEACH_CHECK_EQ(dumped.has_value(), report->damage.size() == of_register);
  BEACH_CHECK(report->base <= report->last);
  if (report->is_known) BEACH_CHECK_LE(report->lost, CountBetween(report->base, report->last));
  return report;
}

Result<RecoveredLog> Start(MemoryFiles& files, const raft::Register& content,
                           const raft::HeldState& held) {
  auto log = raft::RecoverRaftLog({.files = &files,
                                   .directory = kRaftFolder,
                                   .segment_size_bytes = engine::wal::kSegmentSizeMin,
                                   .cluster = content.cluster,
                                   .node = content.node,
                                   .create = false,
                                   .held = held});
  if (!log) CheckError(log.error());
  return log;
}

bool SameRuns(const raft::LogMap& one, const raft::LogMap& other) {
  return std::ranges::equal(one.Runs(), other.Runs(),
                            [](const raft::StoredRun& a, const raft::StoredRun& b) {
                              return a.term == b.term && a.count == b.count;
                            });
}

// What is left on disk is what the start has said.
void CheckMended(MemoryFiles& files, const RecoveredLog& log, const raft::HeldState& held) {
  const auto found = raft::ReadRegister(files, kRaftFolder);
  BEACH_CHECK(found.has_value());
  BEACH_CHECK(!found->damage);
  BEACH_CHECK(found->content == log.content);
  const auto report = Look(files, false);
  BEACH_CHECK(report.has_value());
  BEACH_CHECK(report->damage.empty());
  BEACH_CHECK(report->debris.empty());
  BEACH_CHECK(OutcomeOf(*report) == OutcomeOf(log));

  const auto again = Start(files, log.content, held);
  BEACH_CHECK(again.has_value());
  BEACH_CHECK(!again->damage);
  BEACH_CHECK_EQ(again->content.starts, log.content.starts + 1);
  BEACH_CHECK(OutcomeOf(*again) == OutcomeOf(log));
  BEACH_CHECK(again->map.hard_state() == log.map.hard_state());
  BEACH_CHECK(again->map.base_term() == log.map.base_term());
  BEACH_CHECK(SameRuns(again->map, log.map));
}

void RunStart(const RaftDirectory& directory, const raft::Register& content,
              const raft::HeldState& held, const Result<RaftLogReport>* looked) {
  MemoryFiles files;
  Materialize(directory, files);
  auto log = Start(files, content, held);
  if (looked != nullptr) {
    // That a start is refused may have reasons that no look has: what it would have to write.
    const bool known = looked->has_value() && (*looked)->is_known;
    if (log) {
      BEACH_CHECK(known);
      BEACH_CHECK(OutcomeOf(*log) == OutcomeOf(**looked));
      BEACH_CHECK_EQ(log->damage.has_value(), !(*looked)->damage.empty());
    }
  }
  if (!log) return;
  BEACH_CHECK(held.may_be_lost || held.index >= log->map.base());
  log->lock.reset();
  CheckMended(files, *log, held);
}

void Run(ByteView bytes) {
  const auto directory = DecodeRaftDirectory(bytes);
  if (!directory) return;
  const auto found = raft::DecodeRegister(directory->register_bytes, raft::kRegisterFileName);
  // The file system has no more than it would be written.
  if (found) {
    for (const engine::wal::Segment& segment : found->content.segments) {
      if (segment.size_bytes > kRaftFileSizeMax) return;
    }
  }
  MemoryFiles files;
  Materialize(*directory, files);
  const bool register_is_damaged = found && found->damage.has_value();
  const Result<RaftLogReport> looked = Look(files, register_is_damaged);
  if (!found) {
    BEACH_CHECK(!looked);
    return;
  }
  // As `verify` looks: of a state machine that asks for nothing.
  const raft::HeldState nothing{.index = {}, .term = {}, .may_be_lost = true};
  RunStart(*directory, found->content, nothing, &looked);
  RunStart(*directory, found->content, directory->held, nullptr);
}

}  // namespace

const Target raft_log_target = {.name = "raft_log",
                                .run = Run,
                                .seal = Seal,
                                .size_max = 64 * 1024,
                                .change = nullptr,
                                .changed_copies = 100};

}  // namespace beach::fuzz
