// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/backup_record.h"
#include "env/env.h"

namespace beach::engine {

// A place of backups, held by its LOCK. What counts is what a list names, BACKUP-NNNNNN: it is
// written, synced and named only when the tables in it are durable under their names. Not
// thread-safe.
class BackupPlace {
 public:
  // Makes the directory (but not the folder above). kRefused: there is something else in it.
  static Result<BackupPlace> OpenToWrite(env::FileSystem& files, const std::string& path);
  // Changes nothing; where there is no LOCK, nobody has ever written here, or it was taken away.
  static Result<BackupPlace> OpenToRead(env::FileSystem& files, const std::string& path);

  const std::vector<std::uint64_t>& numbers() const { return numbers_; }  // ascending
  Result<BackupRecord> Read(std::uint64_t number) const;
  std::string PathOf(DatabaseId origin, FileNumber file) const;

  // Removes what no list names: what backups left that failed or crashed, and what only removed
  // ones had. Nothing, while a list cannot be read: it may name anything.
  Status RemoveDebris();
  // The checksum that a list has of that very table; nothing if none names it.
  std::optional<std::uint32_t> ChecksumOf(DatabaseId origin, const TableInfo& table) const;

  // Makes a table of ours out of the file `from`, content durable, name not, replacing one that is
  // damaged; read back and checked in itself. kCorruption: `from` is damaged, and named.
  Result<std::uint32_t> AddTable(const std::string& from, DatabaseId origin,
                                 const TableInfo& table);
  // Lists it, durably; first of all the names of its tables are made so.
  Status Add(const BackupRecord& record);
  // All but so many of the newest: how many went.
  Result<std::uint64_t> RemoveOldest(std::uint64_t keep);

 private:
  BackupPlace(env::FileSystem& files, std::string path, std::unique_ptr<env::FileLock> lock)
      : files_(&files), path_(std::move(path)), lock_(std::move(lock)) {}
  // What is there, and what the lists say.
  Status Look();
  void ReadLists();

  env::FileSystem* files_;
  std::string path_;
  std::unique_ptr<env::FileLock> lock_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> numbers_;
  std::vector<BackupRecord> records_;  // that can be read; to write only
  bool all_read_ = false;
};

}  // namespace beach::engine
