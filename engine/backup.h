// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/types.h"
#include "env/env.h"

// Backups: complete states of databases in a directory of their own, which may be on another file
// system. A place keeps any number of them, of any databases, and each table once. Its files are in
// docs/formats/backup.md. Db::Backup makes one.

namespace beach::engine {

struct BackupProgress {
  std::uint64_t tables = 0;
  std::uint64_t tables_done = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_done = 0;  // of tables that are done
};

struct BackupOptions {
  // Once this one is durable, all but so many of the newest go, and what only they had. 0: none.
  std::uint64_t keep = 0;
  // Called by the calling thread, after each table.
  std::function<void(const BackupProgress&)> progress{};
};

struct BackupInfo {
  std::uint64_t number = 0;   // in its place, from 1 on; never given again
  std::uint64_t wall_ns = 0;  // when it was made, since 1970, by that machine's clock
  SequenceNumber last_sequence;
  std::uint64_t tables = 0;
  std::uint64_t bytes = 0;  // of its tables
};

struct BackupReport {
  BackupInfo backup;
  std::uint64_t tables_copied = 0;  // the others were there
  std::uint64_t bytes_copied = 0;
  std::uint64_t tables_mended = 0;  // of those that were copied: there, and damaged
  std::uint64_t backups_removed = 0;
};

// The backups of a place, oldest first. kNotFound: no such directory; kRefused: no place of
// backups, or a version that is not known; kCorruption: damage to the list of one, file named.
Result<std::vector<BackupInfo>> ListBackups(env::FileSystem& files, const std::string& place);

struct RestoreOptions {
  std::uint64_t number = 0;  // 0: the newest
  std::function<void(const BackupProgress&)> progress{};
};

// Makes a database out of a backup, in a directory that is absent or empty. Every table is checked,
// against the checksum that was taken when it was copied and in itself, before the directory counts
// as a database; a crash before leaves one that no open takes for a database, and that a restore
// into it clears away. The database has an identity of its own. Errors: kNotFound (no such backup,
// or no folder above), kCorruption (of the backup; file and offset named), kAlreadyExists
// (something is in the directory, which was not touched), kBusy, kRefused (as ListBackups),
// kNoSpace, kIo. After one the directory may be tried again, or removed; after kIo it may be whole,
// too.
Result<BackupInfo> RestoreBackup(const env::Env& env, const std::string& place,
                                 const std::string& directory, const RestoreOptions& options = {});

}  // namespace beach::engine
