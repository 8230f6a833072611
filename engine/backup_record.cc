// SPDX-License-Identifier: Apache-2.0
#include "engine/backup_record.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/manifest/file_names.h"
#include "env/small_file.h"

namespace beach::engine {
namespace {

constexpr ByteView kMagic = "BEACHBAK";
constexpr ByteView kPrefix = "BACKUP-";
constexpr std::size_t kCrcSize = sizeof(std::uint32_t);
constexpr std::size_t kIdentityDigits = 32;

std::unexpected<Error> Damaged(const std::string& path, std::uint64_t offset) {
  return Fail(Error(ErrorCode::kCorruption, "damaged list of a backup").At(path, offset));
}

bool IsHexadecimal(ByteView digits) {
  return digits.find_first_not_of("0123456789abcdef") == ByteView::npos;
}

}  // namespace

BackupInfo BackupRecord::info() const {
  BackupInfo info{.number = number, .wall_ns = wall_ns, .last_sequence = state.last_sequence};
  info.tables = state.tables.size();
  for (const TableInfo& table : state.tables) info.bytes += table.size_bytes;
  return info;
}

Bytes EncodeBackup(const BackupRecord& record) {
  BEACH_CHECK_EQ(record.checksums.size(), record.state.tables.size());
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Raw(kMagic);
  encoder.Fixed32(kBackupVersion);
  encoder.Fixed32(0);
  encoder.Fixed64(record.number);
  encoder.Fixed64(record.wall_ns);
  BEACH_CHECK_EQ(bytes.size(), kBackupHeaderSize);
  const std::vector<ManifestEdit> edits = record.state.Snapshot();
  encoder.Varint(edits.size());
  for (const ManifestEdit& edit : edits) encoder.LengthPrefixed(EncodeManifestEdit(edit));
  for (const std::uint32_t checksum : record.checksums) encoder.Fixed32(checksum);
  encoder.Fixed32(Crc32c(bytes));
  return bytes;
}

Result<BackupRecord> DecodeBackup(ByteView bytes, std::uint64_t number, const std::string& path) {
  if (!bytes.starts_with(kMagic)) {
    return Fail(Error(ErrorCode::kRefused, "not the list of a backup").At(path, 0));
  }
  // First: a version is believed only under its checksum.
  if (bytes.size() < kBackupHeaderSize + kCrcSize) return Damaged(path, bytes.size());
  const ByteView covered = bytes.substr(0, bytes.size() - kCrcSize);
  if (Crc32c(covered) != LoadFixed<std::uint32_t>(bytes.data() + covered.size())) {
    return Damaged(path, 0);
  }
  Decoder decoder(covered.substr(kMagic.size()));
  if (decoder.Fixed32() != kBackupVersion) {
    return Fail(
        Error(ErrorCode::kRefused, "unknown version of a backup; use the release that wrote it")
            .At(path, kMagic.size()));
  }
  const std::uint32_t reserved = decoder.Fixed32();
  BackupRecord record;
  record.number = decoder.Fixed64();
  record.wall_ns = decoder.Fixed64();
  if (reserved != 0 || record.number != number) return Damaged(path, kMagic.size());
  ManifestBuilder builder;
  for (std::uint64_t edits = decoder.Varint(); edits > 0; --edits) {
    const ByteView encoded = decoder.LengthPrefixed();
    if (!decoder.ok()) return Damaged(path, kBackupHeaderSize);
    auto edit = DecodeManifestEdit(encoded);
    if (!edit) return Fail(std::move(edit).error().At(path, kBackupHeaderSize));
    if (Status applied = builder.Apply(*edit); !applied) {
      return Fail(std::move(applied).error().At(path, kBackupHeaderSize));
    }
  }
  auto state = std::move(builder).Finish();
  if (!state) return Fail(std::move(state).error().At(path, kBackupHeaderSize));
  record.state = *std::move(state);
  if (!record.state.segments.empty()) return Damaged(path, kBackupHeaderSize);
  for (std::size_t i = 0; i < record.state.tables.size() && decoder.ok(); ++i) {
    record.checksums.push_back(decoder.Fixed32());
  }
  if (!decoder.done()) return Damaged(path, covered.size());
  return record;
}

std::string BackupFileName(std::uint64_t number) { return fmt::format("BACKUP-{:06}", number); }

std::string BackupTableName(DatabaseId origin, FileNumber file) {
  return fmt::format("{:016x}{:016x}-{}", origin.high, origin.low, TableFileName(file));
}

std::optional<BackupName> ParseBackupName(ByteView name) {
  BackupName parsed;
  if (name == kLockFileName) {
    parsed.is_lock = true;
    return parsed;
  }
  parsed.is_temporary = name.ends_with(env::kTemporarySuffix);
  if (parsed.is_temporary) name.remove_suffix(ByteView(env::kTemporarySuffix).size());
  if (name.starts_with(kPrefix)) {
    // Its number is spelt as those of manifests are.
    const auto file = ParseFileName("MANIFEST-" + Bytes(name.substr(kPrefix.size())));
    if (!file || file->number.value > kBackupNumberMax) return std::nullopt;
    if (!parsed.is_temporary) parsed.number = file->number.value;
    return parsed;
  }
  const std::size_t dash = name.find('-');
  if (dash != kIdentityDigits || !IsHexadecimal(name.substr(0, dash))) return std::nullopt;
  const auto table = ParseFileName(name.substr(dash + 1));
  if (!table || table->kind != FileKind::kTable) return std::nullopt;
  return parsed;
}

}  // namespace beach::engine
