// SPDX-License-Identifier: Apache-2.0
#include "engine/verify.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/directory.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/manifest_file.h"
#include "engine/recover.h"
#include "engine/sst/table_cache.h"
#include "engine/wal/log.h"

namespace beach::engine {
namespace {

Error Missing(Error error, const char* what) {
  if (error.code() != ErrorCode::kNotFound) return error;
  return Error(ErrorCode::kCorruption, what).At(error.path());
}

Status VerifyTable(env::FileSystem& files, const std::string& directory, DatabaseId database,
                   const TableInfo& info, const std::shared_ptr<sst::TableCache>& cache) {
  const std::string path = env::JoinPath(directory, TableFileName(info.file));
  BEACH_TRY_ASSIGN(const auto reader, TableReader::Open(files, path, database, info, cache));
  return reader->Verify();
}

Status VerifySegmentFile(env::FileSystem& files, const std::string& directory,
                         const wal::Segment& segment) {
  const std::string path = env::JoinPath(directory, wal::SegmentFileName(segment.file));
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kRead}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  if (size < segment.size_bytes) {
    return Fail(Error(ErrorCode::kCorruption, "the segment is shorter than the manifest says")
                    .At(path, size));
  }
  return {};
}

Status VerifyLog(env::FileSystem& files, const std::string& directory, const ManifestState& state,
                 VerifyReport& report) {
  if (state.segments.empty()) return {};
  SequenceNumber last = state.LastWithoutLog();
  const auto replay = [&](const wal::Flight& flight) -> Status {
    return ReplayFlight(directory, state.segments, flight, last, nullptr);
  };
  const wal::RecoveryInput input{.directory = directory,
                                 .segments = state.segments,
                                 .replay_from = state.replay_from,
                                 .durable = state.durable};
  BEACH_TRY_ASSIGN(const wal::Recovery recovery, wal::RecoverLog(files, input, replay));
  report.flights = recovery.flights;
  report.torn_tail_bytes += recovery.bytes_beyond_end;
  report.log_torn = recovery.torn;
  return {};
}

}  // namespace

Result<VerifyReport> VerifyDatabase(env::FileSystem& files, const std::string& directory) {
  BEACH_TRY_ASSIGN(DirectoryContents contents, InspectDirectory(files, directory));
  BEACH_TRY(CheckUsable(directory, contents, /*create_if_missing=*/false));
  std::unique_ptr<env::FileLock> lock;
  if (contents.has_lock) {
    BEACH_TRY_ASSIGN(lock, files.Lock(env::JoinPath(directory, kLockFileName)));
    BEACH_TRY_ASSIGN(contents, InspectDirectory(files, directory));
    BEACH_TRY(CheckUsable(directory, contents, /*create_if_missing=*/false));
  }
  BEACH_TRY_ASSIGN(const ManifestOnDisk manifest, ReadDatabase(files, directory));
  const ManifestState& state = manifest.state;

  VerifyReport report;
  report.torn_tail_bytes = manifest.torn_tail_bytes;
  report.levels.resize(kLevelCount);
  const auto cache = std::make_shared<sst::TableCache>(sst::TableCache::Limits());
  for (const TableInfo& table : state.tables) {
    report.tables.push_back(table);
    ++report.levels[table.level];
    report.entries += table.entries;
    if (Status sound = VerifyTable(files, directory, state.database, table, cache); !sound) {
      report.damage.push_back(Missing(std::move(sound).error(), "a listed table is missing"));
    }
  }
  bool segments_present = true;
  for (const wal::Segment& segment : state.segments) {
    ++report.segments;
    if (Status sound = VerifySegmentFile(files, directory, segment); !sound) {
      segments_present = false;
      report.damage.push_back(Missing(std::move(sound).error(), "a listed segment is missing"));
    }
  }
  if (segments_present) {
    if (Status sound = VerifyLog(files, directory, state, report); !sound) {
      report.damage.push_back(std::move(sound).error());
    }
  }
  const auto unlisted = InspectUnlistedSegments(files, directory, contents, manifest);
  if (!unlisted) report.damage.push_back(unlisted.error());
  const ListedFiles listed(state, manifest.file);
  for (const std::string& name : contents.names) {
    if (listed.IsDebris(name)) report.debris.push_back(name);
  }
  return report;
}

}  // namespace beach::engine
