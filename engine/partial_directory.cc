// SPDX-License-Identifier: Apache-2.0
#include "engine/partial_directory.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "engine/directory.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/options.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

bool Holds(const std::vector<std::string>& names, const char* name) {
  return std::ranges::binary_search(names, name);
}

// Whether nothing is lost when what is there goes: nothing, or the leftover of one like us.
Status CheckFree(env::FileSystem& files, const std::string& directory, bool& exists) {
  BEACH_TRY_ASSIGN(exists, files.Exists(directory));
  if (!exists) return {};
  BEACH_TRY_ASSIGN(std::vector<std::string> names, files.List(directory));
  if (Holds(names, kPartialFileName) && !Holds(names, kCurrentFileName)) return {};
  std::erase(names, kLockFileName);
  if (names.empty()) return {};
  return Fail(Error(ErrorCode::kAlreadyExists, "the directory is not empty").At(directory));
}

// What an unfinished one holds beside PARTIAL and the LOCK.
Status Clear(env::FileSystem& files, const std::string& directory) {
  BEACH_TRY_ASSIGN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    const std::optional<FileName> file = ParseFileName(name);
    if (!file || file->kind == FileKind::kPartial || file->kind == FileKind::kLock) continue;
    BEACH_SOMETIMES("partial.leftover_removed", true);
    BEACH_TRY(files.Remove(env::JoinPath(directory, name)));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PartialDirectory>> PartialDirectory::Begin(env::FileSystem& files,
                                                                  const std::string& directory) {
  bool exists = false;
  BEACH_TRY(CheckFree(files, directory, exists));
  if (!exists) {
    const Status made = files.CreateDirectory(directory);
    if (!made && made.error().code() != ErrorCode::kAlreadyExists) {
      return Fail(std::move(made).error());
    }
  }
  // FAILPOINT: partial_after_directory: an empty directory, its name perhaps lost.
  BEACH_FAILPOINT("partial_after_directory");
  BEACH_TRY(SyncNameOf(files, directory, exists));
  BEACH_TRY_ASSIGN(auto lock, files.Lock(env::JoinPath(directory, kLockFileName)));
  BEACH_TRY(CheckFree(files, directory, exists));  // and again under it
  const std::string partial = env::JoinPath(directory, kPartialFileName);
  BEACH_TRY_ASSIGN(const bool marked, files.Exists(partial));
  if (!marked) BEACH_TRY(files.Open(partial, {.mode = env::OpenMode::kCreate}));
  // Also when it was there: who made it may have died before this.
  BEACH_TRY(files.SyncDirectory(directory));
  // FAILPOINT: partial_after_mark: a directory that no open takes for anything.
  BEACH_FAILPOINT("partial_after_mark");
  BEACH_TRY(Clear(files, directory));
  return std::unique_ptr<PartialDirectory>(new PartialDirectory(files, directory, std::move(lock)));
}

PartialDirectory::~PartialDirectory() {
  if (!publishing_) static_cast<void>(Clear(files_, directory_));  // best effort: gives room back
}

Status PartialDirectory::Publish(const ManifestState& state) {
  BEACH_CHECK(!publishing_);
  BEACH_TRY(WriteIdentity(files_, directory_, state.database));
  // FAILPOINT: partial_after_identity: tables and an identity; PARTIAL says that it is no
  // database.
  BEACH_FAILPOINT("partial_after_identity");
  // Which syncs the directory too: the tables' names are durable before CURRENT is there.
  BEACH_TRY_ASSIGN(const auto manifest,
                   Manifest::Prepare(files_, directory_, state, Options().manifest_size_max));
  publishing_ = true;
  BEACH_TRY(manifest->Publish());
  // FAILPOINT: partial_after_publish: a whole database, and PARTIAL, which is debris now.
  BEACH_FAILPOINT("partial_after_publish");
  static_cast<void>(files_.Remove(env::JoinPath(directory_, kPartialFileName)));
  return {};
}

ManifestState StateOfCopy(const ManifestState& source, env::Clock& clock,
                          const std::string& directory) {
  const DatabaseId fresh = NewDatabaseId(clock, directory);
  ManifestState copy;
  // Mixed with whose copy it is: two of two databases never have one identity.
  copy.database = {.high = RandomValue(fresh.high, source.database.high),
                   .low = RandomValue(fresh.low, source.database.low)};
  copy.epoch = source.epoch;  // a segment of the source that strays here is told
  copy.next_file = source.next_file;
  copy.last_sequence = source.last_sequence;
  copy.time = source.time;
  copy.log_mark = source.log_mark;
  copy.tables = source.tables;
  for (TableInfo& table : copy.tables) {
    if (!table.origin) table.origin = source.database;
  }
  return copy;
}

}  // namespace beach::engine
