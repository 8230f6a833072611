// SPDX-License-Identifier: Apache-2.0
#include "engine/backup_place.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "engine/directory.h"
#include "engine/file_copy.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/manifest_file.h"
#include "env/marks.h"
#include "env/small_file.h"

namespace beach::engine {
namespace {

// Two tables of one identity are the same if they agree in all that is known of them but the level.
bool SameTable(const TableInfo& a, const TableInfo& b) {
  return a.file == b.file && a.size_bytes == b.size_bytes && a.entries == b.entries &&
         a.smallest == b.smallest && a.largest == b.largest && a.sequence_min == b.sequence_min &&
         a.sequence_max == b.sequence_max;
}

Status VerifyCopy(env::FileSystem& files, const std::string& path, DatabaseId origin,
                  const TableInfo& table) {
  TableInfo info = table;
  info.origin = origin;
  BEACH_TRY_ASSIGN(const auto reader, TableReader::Open(files, path, origin, info));
  return reader->Verify();
}

}  // namespace

Result<BackupPlace> BackupPlace::OpenToWrite(env::FileSystem& files, const std::string& path) {
  BEACH_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (exists) {
    BackupPlace before(files, path, nullptr);
    BEACH_TRY(before.Look());  // what is refused stays without a LOCK of ours
  } else {
    const Status made = files.CreateDirectory(path);
    if (!made && made.error().code() != ErrorCode::kAlreadyExists) {
      return Fail(std::move(made).error());
    }
  }
  BEACH_TRY(SyncNameOf(files, path, exists));
  BEACH_TRY_ASSIGN(auto lock, files.Lock(env::JoinPath(path, kLockFileName)));
  BackupPlace place(files, path, std::move(lock));
  BEACH_TRY(place.Look());
  // The process that removed a list may have died before that was durable: what the list named must
  // not go before it.
  BEACH_TRY(files.SyncDirectory(path));
  place.ReadLists();
  return place;
}

Result<BackupPlace> BackupPlace::OpenToRead(env::FileSystem& files, const std::string& path) {
  BackupPlace place(files, path, nullptr);
  BEACH_TRY(place.Look());
  if (std::ranges::binary_search(place.names_, kLockFileName)) {
    BEACH_TRY_ASSIGN(place.lock_, files.Lock(env::JoinPath(path, kLockFileName)));
    BEACH_TRY(place.Look());
  }
  return place;
}

Status BackupPlace::Look() {
  BEACH_TRY_ASSIGN(names_, files_->List(path_));
  numbers_.clear();
  for (const std::string& name : names_) {
    const std::optional<BackupName> parsed = ParseBackupName(name);
    if (!parsed) {
      return Fail(Error(ErrorCode::kRefused,
                        "not a place of backups: it holds a file that is none of theirs")
                      .At(env::JoinPath(path_, name)));
    }
    if (parsed->number != 0) numbers_.push_back(parsed->number);
  }
  std::ranges::sort(numbers_);  // longer numbers are later ones, though not by name
  return {};
}

Result<BackupRecord> BackupPlace::Read(std::uint64_t number) const {
  const std::string path = env::JoinPath(path_, BackupFileName(number));
  BEACH_TRY_ASSIGN(const Bytes bytes, env::ReadSmallFile(*files_, path, kManifestFileSizeMax));
  return DecodeBackup(bytes, number, path);
}

// One that cannot be read, be it for good, keeps nobody from making another backup.
void BackupPlace::ReadLists() {
  all_read_ = true;
  for (const std::uint64_t number : numbers_) {
    auto record = Read(number);
    if (record) {
      records_.push_back(*std::move(record));
      continue;
    }
    all_read_ = false;
  }
}

std::string BackupPlace::PathOf(DatabaseId origin, FileNumber file) const {
  return env::JoinPath(path_, BackupTableName(origin, file));
}

Status BackupPlace::RemoveDebris() {
  if (!all_read_) return {};
  std::set<std::string> listed;
  for (const BackupRecord& record : records_) {
    for (const TableInfo& table : record.state.tables) {
      listed.insert(BackupTableName(record.OriginOf(table), table.file));
    }
  }
  BEACH_TRY(Look());
  for (const std::string& name : names_) {
    const std::optional<BackupName> parsed = ParseBackupName(name);
    if (parsed->is_lock || parsed->number != 0 || listed.contains(name)) continue;
    BEACH_SOMETIMES("backup.debris_removed", true);
    BEACH_TRY(files_->Remove(env::JoinPath(path_, name)));
  }
  return {};
}

std::optional<std::uint32_t> BackupPlace::ChecksumOf(DatabaseId origin,
                                                     const TableInfo& table) const {
  for (const BackupRecord& record : records_) {
    for (std::size_t i = 0; i < record.state.tables.size(); ++i) {
      const TableInfo& listed = record.state.tables[i];
      if (record.OriginOf(listed) == origin && SameTable(listed, table)) {
        return record.checksums[i];
      }
    }
  }
  return std::nullopt;
}

Result<std::uint32_t> BackupPlace::AddTable(const std::string& from, DatabaseId origin,
                                            const TableInfo& table) {
  const std::string path = PathOf(origin, table.file);
  const std::string temporary = path + env::kTemporarySuffix;
  BEACH_TRY_ASSIGN(const bool leftover, files_->Exists(temporary));
  if (leftover) BEACH_TRY(files_->Remove(temporary));
  BEACH_TRY_ASSIGN(const std::uint32_t checksum, CopyFile(*files_, from, temporary));
  // FAILPOINT: backup_after_table_copy: a file that no list names.
  BEACH_FAILPOINT("backup_after_table_copy");
  if (Status sound = VerifyCopy(*files_, temporary, origin, table); !sound) {
    static_cast<void>(files_->Remove(temporary));
    if (sound.error().code() != ErrorCode::kCorruption) return Fail(std::move(sound).error());
    const std::uint64_t offset = sound.error().offset();
    return Fail(std::move(sound).error().At(from, offset));
  }
  BEACH_TRY(files_->Rename(temporary, path));
  return checksum;
}

Status BackupPlace::Add(const BackupRecord& record) {
  BEACH_TRY(files_->SyncDirectory(path_));
  // FAILPOINT: backup_after_directory_sync: all tables, and no list that names them.
  BEACH_FAILPOINT("backup_after_directory_sync");
  const Bytes bytes = EncodeBackup(record);
  if (bytes.size() > kManifestFileSizeMax || record.number > kBackupNumberMax) {
    return Fail(
        Error(ErrorCode::kInvalidArgument, "more than a place of backups can list").At(path_));
  }
  const std::string name = BackupFileName(record.number);
  BEACH_TRY(env::WriteTemporaryFile(*files_, path_, name, bytes));
  BEACH_TRY(env::PublishSmallFile(*files_, path_, name));
  records_.push_back(record);
  numbers_.push_back(record.number);
  return {};
}

Result<std::uint64_t> BackupPlace::RemoveOldest(std::uint64_t keep) {
  std::uint64_t removed = 0;
  while (numbers_.size() > keep) {
    const std::uint64_t number = numbers_.front();
    BEACH_TRY(files_->Remove(env::JoinPath(path_, BackupFileName(number))));
    numbers_.erase(numbers_.begin());
    ++removed;
  }
  if (removed == 0) return removed;
  // Before the tables go: a list whose removal is lost must not name what is not there.
  BEACH_TRY(files_->SyncDirectory(path_));
  // FAILPOINT: backup_after_oldest_remove: their tables are still there.
  BEACH_FAILPOINT("backup_after_oldest_remove");
  records_.clear();
  ReadLists();  // one that could not be read may be gone
  BEACH_TRY(RemoveDebris());
  return removed;
}

}  // namespace beach::engine
