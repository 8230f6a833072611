// SPDX-License-Identifier: Apache-2.0
// From a backup to a database, and what backups there are.
#include <utility>

#include "engine/backup.h"
#include "engine/backup_place.h"
#include "engine/file_copy.h"
#include "engine/partial_directory.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

Result<BackupRecord> FindBackup(const BackupPlace& place, const std::string& path,
                                std::uint64_t number) {
  if (place.numbers().empty()) {
    return Fail(Error(ErrorCode::kNotFound, "no backup here").At(path));
  }
  return place.Read(number != 0 ? number : place.numbers().back());
}

// Copies a table, and believes nothing of it before it has been read back.
Status RestoreTable(env::FileSystem& files, const std::string& from, std::uint32_t checksum,
                    const std::string& directory, DatabaseId database, const TableInfo& table) {
  const std::string to = env::JoinPath(directory, TableFileName(table.file));
  auto copied = CopyFile(files, from, to);
  if (!copied && copied.error().code() == ErrorCode::kNotFound) {
    return Fail(Error(ErrorCode::kCorruption, "a table of the backup is missing").At(from));
  }
  if (!copied) return Fail(std::move(copied).error());
  if (*copied != checksum) {
    return Fail(Error(ErrorCode::kCorruption,
                      "a table of the backup is not what was copied: restore another backup")
                    .At(from));
  }
  BEACH_TRY_ASSIGN(const auto reader, TableReader::Open(files, to, database, table));
  return reader->Verify();
}

}  // namespace

Result<std::vector<BackupInfo>> ListBackups(env::FileSystem& files, const std::string& place) {
  BEACH_TRY_ASSIGN(const BackupPlace backups, BackupPlace::OpenToRead(files, place));
  std::vector<BackupInfo> found;
  for (const std::uint64_t number : backups.numbers()) {
    BEACH_TRY_ASSIGN(const BackupRecord record, backups.Read(number));
    found.push_back(record.info());
  }
  return found;
}

Result<BackupInfo> RestoreBackup(const env::Env& env, const std::string& place,
                                 const std::string& directory, const RestoreOptions& options) {
  env::FileSystem& files = *env.files;
  BEACH_TRY_ASSIGN(const BackupPlace backups, BackupPlace::OpenToRead(files, place));
  BEACH_TRY_ASSIGN(const BackupRecord record, FindBackup(backups, place, options.number));
  BEACH_TRY_ASSIGN(const auto target, PartialDirectory::Begin(files, directory));
  const ManifestState state = StateOfCopy(record.state, *env.clock, directory);
  BackupProgress progress{.tables = record.info().tables, .bytes = record.info().bytes};
  for (std::size_t i = 0; i < state.tables.size(); ++i) {
    const TableInfo& table = state.tables[i];
    const std::string from = backups.PathOf(*table.origin, table.file);
    BEACH_TRY(RestoreTable(files, from, record.checksums[i], directory, state.database, table));
    // FAILPOINT: restore_after_table_copy: some tables; no database there.
    BEACH_FAILPOINT("restore_after_table_copy");
    ++progress.tables_done;
    progress.bytes_done += table.size_bytes;
    if (options.progress) options.progress(progress);
  }
  BEACH_TRY(target->Publish(state));
  return record.info();
}

}  // namespace beach::engine
