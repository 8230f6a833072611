// SPDX-License-Identifier: Apache-2.0
// Backups of a database that is open: the tables of one moment are copied to a place, those that it
// has already left out, and then listed there.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/backup_place.h"
#include "engine/db_held_tables.h"
#include "engine/db_impl.h"
#include "engine/file_copy.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// Whether the place has the table, and whole. What cannot be read there is copied anew too.
std::optional<std::uint32_t> SoundChecksum(env::FileSystem& files, const BackupPlace& place,
                                           DatabaseId origin, const TableInfo& table,
                                           bool& damaged) {
  const std::optional<std::uint32_t> listed = place.ChecksumOf(origin, table);
  if (!listed) return std::nullopt;
  const auto found = ChecksumOfFile(files, place.PathOf(origin, table.file));
  damaged = !found || *found != *listed;
  return damaged ? std::nullopt : listed;
}

}  // namespace

Result<BackupReport> DbImpl::Backup(const std::string& directory, const BackupOptions& options) {
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  if (options_.external_log) {
    return Fail(
        ErrorCode::kUnsupported,
        "no backups are made of a database whose log is somebody else's: make a checkpoint");
  }
  BEACH_TRY_ASSIGN(BackupPlace place, BackupPlace::OpenToWrite(*env_.files, directory));
  BEACH_TRY(place.RemoveDebris());
  HeldTables held(*this);
  BEACH_TRY(held.Take());

  BackupRecord record;
  record.number = place.numbers().empty() ? 1 : place.numbers().back() + 1;
  record.wall_ns = env_.clock->WallNow();
  record.state = held.state();
  BackupReport report;
  report.backup = record.info();
  BackupProgress progress{.tables = report.backup.tables, .bytes = report.backup.bytes};
  for (std::size_t i = 0; i < record.state.tables.size(); ++i) {
    const TableInfo& table = record.state.tables[i];
    const DatabaseId origin = record.OriginOf(table);
    bool damaged = false;
    std::optional<std::uint32_t> checksum =
        SoundChecksum(*env_.files, place, origin, table, damaged);
    BEACH_SOMETIMES("backup.table_was_there", checksum.has_value());
    BEACH_SOMETIMES("backup.table_mended", damaged);
    if (!checksum) {
      const std::string from = env::JoinPath(directory_, TableFileName(table.file));
      BEACH_TRY_ASSIGN(checksum, place.AddTable(from, origin, table));
      ++report.tables_copied;
      report.bytes_copied += table.size_bytes;
      if (damaged) ++report.tables_mended;
    }
    record.checksums.push_back(*checksum);
    held.LetGo(i);
    ++progress.tables_done;
    progress.bytes_done += table.size_bytes;
    if (options.progress) options.progress(progress);
  }
  BEACH_TRY(place.Add(record));
  Record("backup.finished",
         {{.name = "number", .number = record.number},
          {.name = "tables", .number = progress.tables},
          {.name = "copied", .number = report.tables_copied},
          {.name = "last_sequence", .number = record.state.last_sequence.value}});
  if (options.keep > 0) {
    BEACH_TRY_ASSIGN(report.backups_removed, place.RemoveOldest(options.keep));
  }
  return report;
}

}  // namespace beach::engine
