// SPDX-License-Identifier: Apache-2.0
#include "engine/directory.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/manifest/file_names.h"
#include "engine/view.h"
#include "engine/wal/segment_reader.h"
#include "env/marks.h"
#include "env/small_file.h"

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
    if (file->number > kFileNumberMax) {
      return Fail(Error(ErrorCode::kRefused,
                        "a file number that no database of ours gives; if the file is not of this "
                        "database, move it away")
                      .At(env::JoinPath(directory, name)));
    }
    contents.names.push_back(name);
    contents.highest_number = std::max(contents.highest_number, file->number);
    if (file->kind == FileKind::kCurrent) contents.has_current = true;
    if (file->kind == FileKind::kIdentity) contents.has_identity = true;
    if (file->kind == FileKind::kLock) contents.has_lock = true;
    if (file->kind == FileKind::kPartial) contents.has_partial = true;
    if (file->kind == FileKind::kTable || file->kind == FileKind::kSegment) {
      contents.has_data = true;
    }
  }
  return contents;
}

Status CheckUsable(const std::string& directory, const DirectoryContents& contents,
                   bool create_if_missing) {
  if (contents.has_current) return {};
  if (contents.has_partial) {
    return Fail(Error(ErrorCode::kRefused,
                      "a checkpoint or restored backup that was not finished: make it again, or "
                      "remove the directory")
                    .At(directory));
  }
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
    // FAILPOINT: create_after_directory: an empty directory, or none.
    BEACH_FAILPOINT("create_after_directory");
  }
  // Also when it was there: the process that made it may have died before this. But somebody else
  // may have made it, in a place where we are not allowed to read.
  return SyncNameOf(files, directory, exists);
}

Status SyncNameOf(env::FileSystem& files, const std::string& directory, bool was_there) {
  Status named = files.SyncDirectory(ParentOf(directory));
  const int os_error = named ? 0 : named.error().os_error();
  if (was_there && (os_error == EACCES || os_error == EPERM)) return {};
  return named;
}

Result<ManifestOnDisk> ReadDatabase(env::FileSystem& files, const std::string& directory) {
  auto identity = ReadIdentity(files, directory);
  if (!identity && identity.error().code() == ErrorCode::kNotFound) {
    return Fail(Error(ErrorCode::kCorruption, "the database has lost its identity file")
                    .At(env::JoinPath(directory, kIdentityFileName)));
  }
  if (!identity) return Fail(std::move(identity).error());
  return ReadManifest(files, directory, *identity);
}

Status CheckKind(const std::string& directory, const ManifestState& state, const Options& options) {
  if (state.log_mark.has_value() == options.external_log) return {};
  return Fail(Error(ErrorCode::kInvalidArgument,
                    options.external_log
                        ? "external_log: the database has a log of its own, and goes on with it"
                        : "external_log: the log of the database is somebody else's")
                  .At(directory));
}

Status CheckUnlocked(env::FileSystem& files, const std::string& directory, const Options& options) {
  BEACH_TRY_ASSIGN(const DirectoryContents contents, InspectDirectory(files, directory));
  if (contents.has_lock) return {};
  if (contents.has_current) {
    BEACH_TRY_ASSIGN(const ManifestOnDisk manifest, ReadDatabase(files, directory));
    BEACH_TRY(CheckKind(directory, manifest.state, options));
    BEACH_TRY(OpenTables(files, directory, manifest.state));
    BEACH_TRY(InspectUnlistedSegments(files, directory, contents, manifest));
  } else if (contents.has_identity) {
    BEACH_TRY(ReadIdentity(files, directory));
  }
  return {};
}

Status CreateDatabase(const env::Env& env, const std::string& directory,
                      const DirectoryContents& contents, const Options& options) {
  env::FileSystem& files = *env.files;
  // Without a CURRENT no manifest counts: those are of creations that failed or crashed.
  for (const std::string& name : contents.names) {
    if (ParseFileName(name)->kind != FileKind::kManifest) continue;
    static_cast<void>(files.Remove(env::JoinPath(directory, name)));
  }
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
  // FAILPOINT: create_after_identity: an identity and no database: the next open finishes it.
  BEACH_FAILPOINT("create_after_identity");
  state.next_file = contents.highest_number.Next();
  if (options.external_log) state.log_mark.emplace();
  BEACH_TRY(Manifest::Start(files, directory, state, options.manifest_size_max));
  // FAILPOINT: create_after_current: an empty database without a log.
  BEACH_FAILPOINT("create_after_current");
  return {};
}

namespace {

constexpr std::uint64_t kEpochLeapMax = std::uint64_t{1} << 32;

Error LostRecord(const ManifestOnDisk& manifest, const std::string& name, const char* what) {
  return Error(ErrorCode::kCorruption,
               "the manifest has lost its last record: " + name + " was written to, and " + what)
      .At(manifest.path, manifest.end);
}

// The listed ones that the log has not entered: above the first with an open end.
Status InspectPreparedSegments(env::FileSystem& files, const std::string& directory,
                               const ManifestOnDisk& manifest) {
  bool open_below = false;
  for (const wal::Segment& segment : manifest.state.segments) {
    if (!std::exchange(open_below, segment.end == wal::Segment::kOpenEnd)) continue;
    const std::string name = wal::SegmentFileName(segment.file);
    auto reader = wal::SegmentReader::Open(files, env::JoinPath(directory, name));
    if (!reader && reader.error().code() == ErrorCode::kCorruption) continue;  // told by recovery
    if (!reader) return Fail(std::move(reader).error());
    wal::ItemHeader header;
    BEACH_TRY_ASSIGN(const bool entered,
                     reader->ItemAt(wal::kSegmentHeaderSize, segment.size_bytes, header));
    if (entered) return Fail(LostRecord(manifest, name, "the segment before it has no end"));
  }
  return {};
}

}  // namespace

Result<UnlistedSegments> InspectUnlistedSegments(env::FileSystem& files,
                                                 const std::string& directory,
                                                 const DirectoryContents& contents,
                                                 const ManifestOnDisk& manifest) {
  const ManifestState& state = manifest.state;
  if (state.log_mark) return UnlistedSegments{};  // no segment is of this database
  BEACH_TRY(InspectPreparedSegments(files, directory, manifest));
  SegmentOrdinal listed = std::max(state.replay_from.segment, state.durable.segment);
  for (const wal::Segment& segment : state.segments) listed = std::max(listed, segment.ordinal);
  const ListedFiles files_listed(state, manifest.file);
  const std::uint64_t epoch_most = state.epoch.value + kEpochLeapMax;
  UnlistedSegments unlisted;
  for (const std::string& name : contents.names) {
    if (ParseFileName(name)->kind != FileKind::kSegment) continue;
    if (!files_listed.IsDebris(name)) continue;
    auto reader = wal::SegmentReader::Open(files, env::JoinPath(directory, name));
    if (!reader) {
      const ErrorCode code = reader.error().code();
      // A header that was never durable: nobody has written behind it. Or no file at all.
      if (code == ErrorCode::kCorruption || code == ErrorCode::kRefused) continue;
      return Fail(std::move(reader).error());
    }
    const wal::SegmentBlock& block = reader->block();
    // Each open takes the next epoch: far above is a file of no open of ours.
    if (block.epoch.value <= epoch_most) {
      unlisted.epoch_max = std::max(unlisted.epoch_max, block.epoch);
    }
    const bool is_later = block.epoch > state.epoch && block.epoch.value <= epoch_most;
    const bool is_next = block.epoch == state.epoch && block.ordinal > listed;
    if (!is_later && !is_next) continue;
    BEACH_TRY_ASSIGN(const wal::SegmentScan scan,
                     wal::SegmentScan::Of(*reader, reader->file_size_bytes()));
    if (is_later && scan.served()) {
      return Fail(Error(ErrorCode::kCorruption,
                        "CURRENT is older than the log: " + name +
                            " is of a later open, which has served; if the file is not of this "
                            "database, move it away")
                      .At(env::JoinPath(directory, kCurrentFileName)));
    }
    if (!is_next || !scan.holds_items()) continue;
    return Fail(LostRecord(manifest, name, "is not listed"));
  }
  return unlisted;
}

void RemoveFilesFrom(env::FileSystem& files, const std::string& directory, FileNumber first,
                     const ListedFiles& listed) {
  const auto contents = InspectDirectory(files, directory);
  if (!contents) return;
  for (const std::string& name : contents->names) {
    if (ParseFileName(name)->number < first || !listed.IsDebris(name)) continue;
    static_cast<void>(files.Remove(env::JoinPath(directory, name)));
  }
}

void MakeRoomFrom(env::FileSystem& files, const std::string& directory, FileNumber first) {
  const auto contents = InspectDirectory(files, directory);
  if (!contents) return;
  for (const std::string& name : contents->names) {
    const FileNumber number = ParseFileName(name)->number;
    if (number < first) continue;
    const std::string path = env::JoinPath(directory, name);
    if (number < contents->highest_number) {
      static_cast<void>(files.Remove(path));
      continue;
    }
    // Another file under the name, since what is there may have more names: those of checkpoints.
    const std::string temporary = std::string(kCurrentFileName) + env::kTemporarySuffix;
    const Status made = env::WriteTemporaryFile(files, directory, kCurrentFileName, {});
    if (made) static_cast<void>(files.Rename(env::JoinPath(directory, temporary), path));
  }
}

ListedFiles::ListedFiles(const ManifestState& state, FileNumber manifest) : manifest_(manifest) {
  for (const TableInfo& table : state.tables) tables_.push_back(table.file);
  for (const wal::Segment& segment : state.segments) segments_.push_back(segment.file);
  std::sort(tables_.begin(), tables_.end());
  std::sort(segments_.begin(), segments_.end());
}

bool ListedFiles::IsDebris(ByteView name) const {
  const std::optional<FileName> file = ParseFileName(name);
  if (!file) return false;
  switch (file->kind) {
    case FileKind::kLock:
    case FileKind::kIdentity:
    case FileKind::kCurrent: return false;
    case FileKind::kPartial:
    case FileKind::kTemporary: return true;
    case FileKind::kManifest: return file->number != manifest_;
    case FileKind::kTable: return !std::binary_search(tables_.begin(), tables_.end(), file->number);
    case FileKind::kSegment:
      return !std::binary_search(segments_.begin(), segments_.end(), file->number);
  }
  return false;
}

void RemoveDebris(env::FileSystem& files, const std::string& directory, const ListedFiles& listed) {
  const auto contents = InspectDirectory(files, directory);
  if (!contents) return;
  for (const std::string& name : contents->names) {
    if (!listed.IsDebris(name)) continue;
    BEACH_SOMETIMES("open.debris_removed", true);
    static_cast<void>(files.Remove(env::JoinPath(directory, name)));
    // FAILPOINT: open_after_debris_remove: some debris is left, which the next open removes.
    BEACH_FAILPOINT("open_after_debris_remove");
  }
}

}  // namespace beach::engine
