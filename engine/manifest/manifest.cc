// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/manifest_file.h"
#include "env/marks.h"
#include "env/small_file.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kCurrentSizeMax = 256;
// A file that is rolled no later than this far below the limit takes one more record.
constexpr std::uint64_t kManifestAppendRoom = 2 * kManifestRecordSizeMax;

}  // namespace

// "MANIFEST-000012 1a2b3c4d\n": the name, and its CRC32C, because a flipped digit would name
// another file that may exist.
Bytes EncodeCurrent(FileNumber manifest) {
  const std::string name = ManifestFileName(manifest);
  return fmt::format("{} {:08x}\n", name, Crc32c(name));
}

Result<FileNumber> ReadCurrent(env::FileSystem& files, const std::string& directory) {
  const std::string path = env::JoinPath(directory, kCurrentFileName);
  BEACH_TRY_ASSIGN(const Bytes bytes, env::ReadSmallFile(files, path, kCurrentSizeMax));
  const std::optional<FileName> name = ParseFileName(ByteView(bytes).substr(0, bytes.find(' ')));
  if (!name || name->kind != FileKind::kManifest || name->number > kFileNumberMax ||
      bytes != EncodeCurrent(name->number)) {
    return Fail(Error(ErrorCode::kCorruption, "damaged name of the manifest").At(path, 0));
  }
  return name->number;
}

Result<ManifestOnDisk> ReadManifest(env::FileSystem& files, const std::string& directory,
                                    DatabaseId database) {
  ManifestOnDisk read;
  BEACH_TRY_ASSIGN(read.file, ReadCurrent(files, directory));
  const std::string path = env::JoinPath(directory, ManifestFileName(read.file));
  read.path = path;
  auto bytes = env::ReadSmallFile(files, path, kManifestFileSizeMax);
  if (!bytes && bytes.error().code() == ErrorCode::kNotFound) {
    return Fail(
        Error(ErrorCode::kCorruption, "the manifest that CURRENT names is missing").At(path));
  }
  if (!bytes) return Fail(std::move(bytes).error());
  ManifestContents contents;
  BEACH_TRY(ParseManifest(*bytes, read.file, path, contents));
  ManifestBuilder builder;
  for (const ManifestRecord& record : contents.records) {
    auto edit = DecodeManifestEdit(record.payload);
    if (!edit) return Fail(std::move(edit).error().At(path, record.offset));
    if (Status applied = builder.Apply(*edit); !applied) {
      return Fail(std::move(applied).error().At(path, record.offset));
    }
  }
  auto state = std::move(builder).Finish();
  if (!state) return Fail(std::move(state).error().At(path, contents.end));
  read.state = *std::move(state);
  if (read.state.database != database) {
    return Fail(Error(ErrorCode::kRefused, "the manifest of another database").At(path));
  }
  // Its number was drawn from the counter before it was written: one that the counter may give
  // again would be taken for a leftover, and removed.
  if (read.file >= read.state.next_file) {
    return Fail(Error(ErrorCode::kCorruption, "the manifest's own number is not below the next")
                    .At(path, contents.end));
  }
  read.records = contents.records.size();
  read.end = contents.end;
  read.torn_tail_bytes = contents.torn_tail_bytes;
  return read;
}

Result<std::unique_ptr<Manifest>> Manifest::Start(env::FileSystem& files, std::string directory,
                                                  ManifestState state, std::uint64_t size_max) {
  BEACH_TRY_ASSIGN(auto manifest, Prepare(files, std::move(directory), std::move(state), size_max));
  BEACH_TRY(manifest->Publish());
  return manifest;
}

Result<std::unique_ptr<Manifest>> Manifest::Prepare(env::FileSystem& files, std::string directory,
                                                    ManifestState state, std::uint64_t size_max) {
  std::unique_ptr<Manifest> manifest(new Manifest(files, std::move(directory), size_max));
  env::MutexLock lock(manifest->mutex_);
  BEACH_TRY(manifest->WriteSnapshotFile(state));
  // The snapshot's copy of next_file is one behind its own number: see WriteSnapshotFile.
  manifest->state_ = std::move(state);
  manifest->state_.next_file = manifest->file_number_.Next();
  return manifest;
}

Status Manifest::Publish() {
  env::MutexLock lock(mutex_);
  return PublishFile();
}

Status Manifest::Apply(ManifestEdit edit) {
  env::MutexLock lock(mutex_);
  if (poison_) return Fail(*poison_);
  edit.next_file = state_.next_file;
  ManifestState next = state_;
  Status status = next.Apply(edit);
  if (status) status = Append(edit);
  if (status) {
    state_ = std::move(next);
    if (size_ > roll_at_) status = Roll();
  }
  if (!status) poison_ = status.error();
  return status;
}

FileNumber Manifest::NewFileNumber() {
  env::MutexLock lock(mutex_);
  const FileNumber number = state_.next_file;
  state_.next_file = number.Next();
  return number;
}

ManifestState Manifest::state() const {
  env::MutexLock lock(mutex_);
  return state_;
}

FileNumber Manifest::file() const {
  env::MutexLock lock(mutex_);
  return file_number_;
}

// A snapshot that alone exceeds the limit must not roll at every edit; but no file may become
// larger than a reader takes.
void Manifest::RollAfter(std::uint64_t size) {
  roll_at_ = std::min(size, kManifestFileSizeMax - kManifestAppendRoom);
}

Status Manifest::Append(const ManifestEdit& edit) {
  const Bytes payload = EncodeManifestEdit(edit);
  const std::uint64_t room = kManifestFileSizeMax - std::min(kManifestFileSizeMax, size_);
  if (payload.size() > kManifestRecordSizeMax ||
      payload.size() + kManifestRecordHeaderSize > room) {
    return Fail(Error(ErrorCode::kInvalidArgument, "the edit exceeds the manifest's limits")
                    .At(file_->path(), size_));
  }
  Bytes record;
  AppendManifestRecord(record, file_number_, size_, payload);
  if (!edit.tables_added.empty()) {
    // FAILPOINT: manifest_after_sst_sync: durable tables under durable names, and no edit for them.
    BEACH_FAILPOINT("manifest_after_sst_sync");
  }
  // FAILPOINT: manifest_append_error: the write of an edit.
  BEACH_TRY(BEACH_FAULTPOINT("manifest_append_error"));
  BEACH_TRY(file_->Append(record));
  // FAILPOINT: manifest_after_append: the edit, part of it or nothing of it; none was used yet.
  BEACH_FAILPOINT("manifest_after_append");
  // FAILPOINT: manifest_sync_error: the sync of an edit.
  BEACH_TRY(BEACH_FAULTPOINT("manifest_sync_error"));
  BEACH_TRY(file_->Sync());
  // FAILPOINT: manifest_after_sync: the edit, for good; nobody has acted on it yet.
  BEACH_FAILPOINT("manifest_after_sync");
  size_ += record.size();
  return {};
}

// A failure here leaves the directory as it was.
Status Manifest::WriteSnapshotFile(const ManifestState& state) {
  const FileNumber number = state.next_file;
  ManifestState counted = state;
  counted.next_file = number.Next();
  BEACH_TRY(counted.Check());

  Bytes records;
  for (const ManifestEdit& edit : counted.Snapshot()) {
    AppendManifestRecord(records, number, kManifestHeaderSize + records.size(),
                         EncodeManifestEdit(edit));
  }
  const Bytes contents =
      EncodeManifestHeader(number, kManifestHeaderSize + records.size()) + records;

  const std::string path = env::JoinPath(directory_, ManifestFileName(number));
  // What no reader would take must never be written.
  if (contents.size() > kManifestFileSizeMax - kManifestAppendRoom) {
    return Fail(
        Error(ErrorCode::kInvalidArgument, "the database lists more than a manifest file can hold")
            .At(path, contents.size()));
  }
  BEACH_TRY_ASSIGN(auto file, files_.Open(path, {.mode = env::OpenMode::kCreate}));
  Status written = file->Append(contents);
  if (written) written = file->Sync();
  if (written) {
    // FAILPOINT: manifest_after_new_file_sync: a manifest that CURRENT does not name, its own name
    // perhaps lost: debris.
    BEACH_FAILPOINT("manifest_after_new_file_sync");
    written = files_.SyncDirectory(directory_);
  }
  // FAILPOINT: manifest_after_new_directory_sync: a whole manifest that CURRENT does not name:
  // debris.
  BEACH_FAILPOINT("manifest_after_new_directory_sync");
  if (written) {
    written = env::WriteTemporaryFile(files_, directory_, kCurrentFileName, EncodeCurrent(number));
  }
  if (!written) {
    // Best effort: what stays is debris that the next open removes.
    file.reset();
    static_cast<void>(files_.Remove(path));
    const std::string temporary = std::string(kCurrentFileName) + env::kTemporarySuffix;
    static_cast<void>(files_.Remove(env::JoinPath(directory_, temporary)));
    return written;
  }
  file_ = std::move(file);
  file_number_ = number;
  size_ = contents.size();
  RollAfter(std::max(size_max_, 2 * size_));
  return {};
}

// A failure here leaves unknown which manifest is current.
Status Manifest::PublishFile() {
  // FAILPOINT: current_before_rename: the old manifest is current, the new one debris.
  BEACH_FAILPOINT("current_before_rename");
  BEACH_TRY(env::PublishSmallFile(files_, directory_, kCurrentFileName));
  // FAILPOINT: current_after_publish: the new manifest is current, the old one debris.
  BEACH_FAILPOINT("current_after_publish");
  return {};
}

Status Manifest::Roll() {
  const FileNumber old = file_number_;
  if (Status written = WriteSnapshotFile(state_); !written) {
    // Preparing a file may find no space (rule 19): the old one is whole and goes on.
    if (written.error().code() != ErrorCode::kNoSpace) return written;
    state_.next_file = state_.next_file.Next();  // the number is used up
    RollAfter(2 * size_);
    return {};
  }
  BEACH_TRY(PublishFile());
  state_.next_file = std::max(state_.next_file, file_number_.Next());
  BEACH_SOMETIMES("manifest.rolled", true);
  BEACH_CHECK_LT(old.value, file_number_.value);
  static_cast<void>(files_.Remove(env::JoinPath(directory_, ManifestFileName(old))));
  // FAILPOINT: manifest_after_old_remove: the new manifest; the old one's name may come back as
  // debris.
  BEACH_FAILPOINT("manifest_after_old_remove");
  return {};
}

}  // namespace beach::engine
