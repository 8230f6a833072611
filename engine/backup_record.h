// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/backup.h"
#include "engine/manifest/state.h"

// The names in a place of backups, and the file that says what a backup consists of
// (docs/formats/backup.md). No I/O.

namespace beach::engine {

inline constexpr std::uint32_t kBackupVersion = 1;
inline constexpr std::size_t kBackupHeaderSize = 32;
inline constexpr std::uint64_t kBackupNumberMax = std::uint64_t{1} << 32;

struct BackupRecord {
  std::uint64_t number = 0;
  std::uint64_t wall_ns = 0;
  ManifestState state;                   // without a log
  std::vector<std::uint32_t> checksums;  // CRC32C of the whole file of each table, as state.tables

  BackupInfo info() const;
  // Of a table of state.tables.
  DatabaseId OriginOf(const TableInfo& table) const {
    return table.origin.value_or(state.database);
  }
};

Bytes EncodeBackup(const BackupRecord& record);
// Hostile input is fine. kRefused: another kind of file, or an unknown version. kCorruption.
Result<BackupRecord> DecodeBackup(ByteView bytes, std::uint64_t number, const std::string& path);

std::string BackupFileName(std::uint64_t number);                 // "BACKUP-000001"
std::string BackupTableName(DatabaseId origin, FileNumber file);  // 32 digits "-000012.sst"

struct BackupName {
  std::uint64_t number = 0;  // of a backup; 0: a table, the LOCK, or a file that was not finished
  bool is_lock = false;
  bool is_temporary = false;
};
// Nothing: a name that is none of a place of backups.
std::optional<BackupName> ParseBackupName(ByteView name);

}  // namespace beach::engine
