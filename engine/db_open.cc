// SPDX-License-Identifier: Apache-2.0
// Opening: what the directory is, whose, what its manifest and log say; then a manifest of this
// open's own, and only then is anything removed or served.
#include <algorithm>
#include <utility>

#include "engine/db_impl.h"
#include "engine/directory.h"
#include "engine/limits.h"
#include "engine/manifest/file_names.h"
#include "engine/recover.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// Limits that a simulated run may shrink, so that rare paths are common.
Options WithShrunkLimits(Options options) {
  if (BEACH_BUGGIFY("db.tiny_memtable")) options.memtable_size = 2 * kKiB;
  if (BEACH_BUGGIFY("db.one_frozen_memtable")) options.frozen_memtables_max = 1;
  if (BEACH_BUGGIFY("db.tiny_manifest")) options.manifest_size_max = 512;
  if (BEACH_BUGGIFY("db.tiny_group")) options.wal_group_size_max = 64;
  if (BEACH_BUGGIFY("db.tiny_block")) options.block_size = 64;
  return options;
}

// The database as its manifest tells it; made first where there is none.
Result<ManifestState> ReadOrCreate(const env::Env& env, const std::string& directory,
                                   const DirectoryContents& contents, const Options& options) {
  if (!contents.has_current) BEACH_TRY(CreateDatabase(env, directory, contents, options));
  auto identity = ReadIdentity(*env.files, directory);
  if (!identity && identity.error().code() == ErrorCode::kNotFound) {
    return Fail(Error(ErrorCode::kCorruption, "the database has lost its identity file")
                    .At(env::JoinPath(directory, kIdentityFileName)));
  }
  if (!identity) return Fail(std::move(identity).error());
  BEACH_TRY_ASSIGN(ManifestOnDisk manifest, ReadManifest(*env.files, directory, *identity));
  BEACH_SOMETIMES("open.manifest_had_torn_tail", manifest.torn_tail_bytes > 0);
  return std::move(manifest.state);
}

}  // namespace

Result<std::unique_ptr<Db>> Db::Open(const env::Env& env, const std::string& directory,
                                     const Options& requested) {
  BEACH_TRY(CheckOptions(requested));
  const Options options = WithShrunkLimits(requested);
  env::FileSystem& files = *env.files;
  // Judged before the lock is taken: a directory that is refused must stay untouched (rule 16).
  BEACH_TRY(PrepareDirectory(files, directory, options.create_if_missing));
  DbImpl::Parts parts;
  parts.directory = directory;
  parts.options = options;
  BEACH_TRY_ASSIGN(parts.lock, files.Lock(env::JoinPath(directory, kLockFileName)));

  // And again under it: another process may have been at work.
  BEACH_TRY_ASSIGN(DirectoryContents contents, InspectDirectory(files, directory));
  BEACH_TRY(CheckUsable(directory, contents, options.create_if_missing));
  BEACH_TRY_ASSIGN(ManifestState state, ReadOrCreate(env, directory, contents, options));
  BEACH_TRY_ASSIGN(contents, InspectDirectory(files, directory));
  // Rule 17: above every number in the manifest and in the directory.
  state.next_file = std::max(state.next_file, contents.highest_number.Next());

  // Every listed table must be there and sound before anything is changed.
  BEACH_TRY(OpenTables(files, directory, state));
  BEACH_TRY_ASSIGN(Recovered recovered, RecoverDatabase(env, directory, options, state));
  BEACH_TRY_ASSIGN(parts.manifest,
                   Manifest::Start(files, directory, recovered.state, options.manifest_size_max));
  // FAILPOINT: open.manifest_started: recovered for good; the files of the former life are debris.
  BEACH_FAILPOINT("open.manifest_started");
  RemoveDebris(files, directory, recovered.state, parts.manifest->file());

  auto view = std::make_shared<View>();
  view->active = recovered.memtable;
  BEACH_TRY_ASSIGN(view->tables, OpenTables(files, directory, recovered.state));
  parts.view = std::move(view);
  parts.epoch = recovered.state.epoch;
  parts.segment = recovered.segment;
  parts.last_sequence = std::max(recovered.last_sequence, recovered.state.last_sequence);
  auto db = std::make_unique<DbImpl>(env, std::move(parts));
  BEACH_TRY(db->Start(recovered.end));
  return db;
}

}  // namespace beach::engine
