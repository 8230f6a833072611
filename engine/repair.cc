// SPDX-License-Identifier: Apache-2.0
#include "engine/repair.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "engine/db.h"
#include "engine/directory.h"
#include "engine/group_payload.h"
#include "engine/manifest/file_names.h"
#include "engine/recover.h"
#include "engine/verify.h"
#include "engine/wal/log.h"

namespace beach::engine {
namespace {

// A database that is opened for its repair alone needs no large segment.
constexpr std::uint64_t kSegmentSize = 64 * kKiB;

bool IsDamageOfLog(const Error& error) {
  const std::string& path = error.path();
  return error.code() == ErrorCode::kCorruption && path.ends_with(".wal");
}

// Reads the log to its first damage, and what is sound behind that: all of the report but `damage`.
Result<RepairReport> ExamineLog(env::FileSystem& files, const std::string& directory) {
  RepairReport report;
  BEACH_TRY_ASSIGN(const DirectoryContents contents, InspectDirectory(files, directory));
  BEACH_TRY(CheckUsable(directory, contents, /*create_if_missing=*/false));
  std::unique_ptr<env::FileLock> lock;
  if (contents.has_lock) {
    BEACH_TRY_ASSIGN(lock, files.Lock(env::JoinPath(directory, kLockFileName)));
  }
  BEACH_TRY_ASSIGN(const ManifestOnDisk manifest, ReadDatabase(files, directory));
  const ManifestState& state = manifest.state;
  report.last_kept = state.LastWithoutLog();
  const auto replay = [&](const wal::Flight& flight) -> Status {
    report.operations_kept += flight.count;
    return ReplayFlight(directory, state.segments, flight, report.last_kept, nullptr);
  };
  std::set<Bytes> keys;
  const auto lost = [&](const wal::Flight& flight) {
    ++report.flights_lost;
    report.operations_lost += flight.count;
    if (flight.count == 0) return;
    if (report.first_lost == SequenceNumber{}) report.first_lost = flight.first_sequence;
    const SequenceNumber last(flight.first_sequence.value + flight.count - 1);
    report.last_lost = std::max(report.last_lost, last);
    // One that cannot be read tells of no keys.
    static_cast<void>(VisitGroup(flight.payload, flight.first_sequence, flight.count,
                                 [&](SequenceNumber, const BatchOperation& operation) {
                                   if (operation.kind != ValueKind::kTime)
                                     keys.emplace(operation.key);
                                 }));
  };
  const wal::RecoveryInput input{.directory = directory,
                                 .segments = state.segments,
                                 .replay_from = state.replay_from,
                                 .durable = state.durable,
                                 .mode = RecoveryMode::kPointInTime,
                                 .lost = lost};
  BEACH_TRY_ASSIGN(const wal::Recovery log, wal::RecoverLog(files, input, replay));
  report.end = log.end;
  report.durable = log.loss ? log.loss->to : log.durable;
  report.flights_kept = log.flights;
  report.keys_lost = keys.size();
  if (log.loss) report.log_damage = log.loss->damage;
  if (report.last_lost > report.last_kept) {
    const std::uint64_t numbers = report.last_lost.value - report.last_kept.value;
    report.operations_unreadable = numbers - std::min(numbers, report.operations_lost);
  }
  return report;
}

}  // namespace

Result<RepairReport> RepairDatabase(const env::Env& env, const std::string& directory,
                                    bool dry_run) {
  BEACH_TRY_ASSIGN(VerifyReport found, VerifyDatabase(*env.files, directory));
  auto examined = ExamineLog(*env.files, directory);
  RepairReport report = examined ? *std::move(examined) : RepairReport();
  for (Error& error : found.damage) {
    if (!IsDamageOfLog(error)) report.damage.push_back(std::move(error));
  }
  if (!examined) report.damage.push_back(std::move(examined).error());
  if (dry_run || !report.log_damage || !report.damage.empty()) return report;
  Options options;
  options.create_if_missing = false;
  options.wal_segment_size = kSegmentSize;
  options.recovery_mode = RecoveryMode::kPointInTime;
  options.compaction_style = CompactionStyle::kManual;
  BEACH_TRY_ASSIGN(const auto db, Db::Open(env, directory, options));
  BEACH_TRY(db->Close());
  report.repaired = true;
  return report;
}

}  // namespace beach::engine
