// SPDX-License-Identifier: Apache-2.0
#include "env/small_file.h"

#include <memory>

#include "env/marks.h"

namespace beach::env {

Result<Bytes> ReadSmallFile(FileSystem& files, const std::string& path, std::uint64_t size_max) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = OpenMode::kRead}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  if (size > size_max) {
    return Fail(Error(ErrorCode::kCorruption, "the file is larger than its kind can be")
                    .At(path, size_max));
  }
  Bytes contents(size, '\0');
  BEACH_TRY_ASSIGN(const std::size_t length, file->ReadAt(0, contents.data(), contents.size()));
  contents.resize(length);
  return contents;
}

Status WriteTemporaryFile(FileSystem& files, const std::string& directory, const std::string& name,
                          ByteView contents) {
  const std::string path = JoinPath(directory, name + kTemporarySuffix);
  BEACH_TRY_ASSIGN(const bool leftover, files.Exists(path));
  if (leftover) BEACH_TRY(files.Remove(path));
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = OpenMode::kCreate}));
  BEACH_TRY(file->Append(contents));
  BEACH_TRY(file->Sync());
  // FAILPOINT: small_file_after_sync: a whole temporary file, which the next open removes.
  BEACH_FAILPOINT("small_file_after_sync");
  return {};
}

Status PublishSmallFile(FileSystem& files, const std::string& directory, const std::string& name) {
  const std::string path = JoinPath(directory, name);
  // FAILPOINT: small_file_rename_error: the rename that replaces CURRENT, or another small file.
  BEACH_TRY(BEACH_FAULTPOINT("small_file_rename_error"));
  BEACH_TRY(files.Rename(path + kTemporarySuffix, path));
  // FAILPOINT: small_file_after_rename: the old or the new content under the name, after a power
  // loss either, and both are whole.
  BEACH_FAILPOINT("small_file_after_rename");
  // FAILPOINT: small_file_publish_error: the sync of the directory behind that rename.
  BEACH_TRY(BEACH_FAULTPOINT("small_file_publish_error"));
  BEACH_TRY(files.SyncDirectory(directory));
  // FAILPOINT: small_file_after_directory_sync: the new content, for good.
  BEACH_FAILPOINT("small_file_after_directory_sync");
  return {};
}

}  // namespace beach::env
