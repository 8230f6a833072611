// SPDX-License-Identifier: Apache-2.0
#include "engine/directory.h"

#include <algorithm>

#include "engine/manifest/file_names.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// "a/b" of "a/b/c"; "." of "c"; "/" of "/c".
std::string ParentOf(std::string directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  const std::size_t slash = directory.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : directory.substr(0, slash);
}

}  // namespace

Result<DirectoryContents> InspectDirectory(env::FileSystem& files, const std::string& directory) {
  BEACH_TRY_ASSIGN(const std::vector<std::string> names, files.List(directory));
  DirectoryContents contents;
  for (const std::string& name : names) {
    const std::optional<FileName> file = ParseFileName(name);
    if (!file) continue;
    contents.names.push_back(name);
    contents.highest_number = std::max(contents.highest_number, file->number);
    if (file->kind == FileKind::kCurrent) contents.has_current = true;
    if (file->kind == FileKind::kIdentity) contents.has_identity = true;
    if (file->kind == FileKind::kTable || file->kind == FileKind::kSegment) {
      contents.has_data = true;
    }
  }
  return contents;
}

Status CheckUsable(const std::string& directory, const DirectoryContents& contents,
                   bool create_if_missing) {
  if (contents.has_current) return {};
  if (contents.has_data) {
    return Fail(Error(ErrorCode::kRefused,
                      "data files and no CURRENT: a damaged or foreign "
                      "database; nothing was touched")
                    .At(directory));
  }
  if (!create_if_missing) {
    return Fail(
        Error(ErrorCode::kNotFound, "no database here, and none was to be created").At(directory));
  }
  return {};
}

Status PrepareDirectory(env::FileSystem& files, const std::string& directory,
                        bool create_if_missing) {
  BEACH_TRY_ASSIGN(const bool exists, files.Exists(directory));
  DirectoryContents contents;
  if (exists) {
    BEACH_TRY_ASSIGN(contents, InspectDirectory(files, directory));
  }
  BEACH_TRY(CheckUsable(directory, contents, create_if_missing));
  if (contents.has_current) return {};
  if (!exists) {
    const Status made = files.CreateDirectory(directory);
    if (!made && made.error().code() != ErrorCode::kAlreadyExists) return made;
    // FAILPOINT: create.directory_made: an empty directory, or none.
    BEACH_FAILPOINT("create.directory_made");
  }
  // Also when it was there: the process that made it may have died before this.
  return files.SyncDirectory(ParentOf(directory));
}

Status CreateDatabase(const env::Env& env, const std::string& directory,
                      const DirectoryContents& contents, const Options& options) {
  env::FileSystem& files = *env.files;
  ManifestState state;
  if (contents.has_identity) {
    BEACH_SOMETIMES("create.finished_half_made", true);
    BEACH_TRY_ASSIGN(state.database, ReadIdentity(files, directory));
    // The process that wrote it may have died before its name was durable.
    BEACH_TRY(files.SyncDirectory(directory));
  } else {
    state.database = NewDatabaseId(*env.clock, directory);
    BEACH_TRY(WriteIdentity(files, directory, state.database));
  }
  // FAILPOINT: create.identity_written: an identity and no database: the next open finishes it.
  BEACH_FAILPOINT("create.identity_written");
  state.next_file = contents.highest_number.Next();
  BEACH_TRY(Manifest::Start(files, directory, state, options.manifest_size_max));
  // FAILPOINT: create.finished: an empty database without a log.
  BEACH_FAILPOINT("create.finished");
  return {};
}

bool IsDebris(ByteView name, const ManifestState& state, FileNumber manifest) {
  const std::optional<FileName> file = ParseFileName(name);
  if (!file) return false;
  switch (file->kind) {
    case FileKind::kLock:
    case FileKind::kIdentity:
    case FileKind::kCurrent: return false;
    case FileKind::kTemporary: return true;
    case FileKind::kManifest: return file->number != manifest;
    case FileKind::kTable:
      return std::none_of(state.tables.begin(), state.tables.end(),
                          [&](const TableInfo& table) { return table.file == file->number; });
    case FileKind::kSegment:
      return std::none_of(state.segments.begin(), state.segments.end(),
                          [&](const wal::Segment& s) { return s.file == file->number; });
  }
  return false;
}

void RemoveDebris(env::FileSystem& files, const std::string& directory, const ManifestState& state,
                  FileNumber manifest) {
  const auto contents = InspectDirectory(files, directory);
  if (!contents) return;
  for (const std::string& name : contents->names) {
    if (!IsDebris(name, state, manifest)) continue;
    BEACH_SOMETIMES("open.debris_removed", true);
    static_cast<void>(files.Remove(env::JoinPath(directory, name)));
    // FAILPOINT: open.debris_removed: some debris is left, which the next open removes.
    BEACH_FAILPOINT("open.debris_removed");
  }
}

}  // namespace beach::engine
