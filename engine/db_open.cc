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
#include "engine/sst/table_cache.h"
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
  if (BEACH_BUGGIFY("db.one_open_table")) options.open_tables_max = 1;
  if (BEACH_BUGGIFY("db.one_block_cache")) options.block_cache_size = 2 * options.block_size;
  if (BEACH_BUGGIFY("db.tiny_readahead")) options.readahead_max = 2 * options.block_size;
  return options;
}

struct Prepared {
  Recovered recovered;
  std::unique_ptr<Manifest> manifest;
};

// All that is written before CURRENT changes hands. A failure takes its files back: nothing names
// them, and opens that fail over and over must not fill the disk.
Result<Prepared> RecoverAndPrepare(const env::Env& env, const DbImpl::Parts& parts,
                                   const ManifestState& state, const ManifestOnDisk& manifest) {
  const auto prepare = [&]() -> Result<Prepared> {
    Prepared prepared;
    BEACH_TRY_ASSIGN(prepared.recovered,
                     RecoverDatabase(env, parts.directory, parts.options, state, manifest));
    BEACH_TRY_ASSIGN(prepared.manifest,
                     Manifest::Prepare(*env.files, parts.directory, prepared.recovered.state,
                                       parts.options.manifest_size_max));
    return prepared;
  };
  auto prepared = prepare();
  if (!prepared) {
    RemoveFilesFrom(*env.files, parts.directory, state.next_file,
                    ListedFiles(state, manifest.file));
  }
  return prepared;
}

// The state to recover from: what the manifest says, and numbers above all that the directory
// holds, because what failed or crashed opens left there may come back after a power loss.
Result<ManifestState> StateToRecover(env::FileSystem& files, const std::string& directory,
                                     const DirectoryContents& contents,
                                     const ManifestOnDisk& manifest,
                                     const std::shared_ptr<sst::TableCache>& cache,
                                     std::shared_ptr<const Version>& tables) {
  ManifestState state = manifest.state;
  // Every listed table must be there and sound before anything is changed.
  BEACH_TRY_ASSIGN(tables, OpenTables(files, directory, state, cache));
  BEACH_TRY_ASSIGN(const UnlistedSegments unlisted,
                   InspectUnlistedSegments(files, directory, contents, manifest));
  state.epoch = std::max(state.epoch, unlisted.epoch_max);
  // Rule 17: above every number in the manifest and in the directory.
  state.next_file = std::max(state.next_file, contents.highest_number.Next());
  if (state.next_file > kFileNumberMax) {
    return Fail(Error(ErrorCode::kRefused, "the file numbers are used up").At(directory));
  }
  return state;
}

}  // namespace

Result<std::unique_ptr<Db>> Db::Open(const env::Env& env, const std::string& directory,
                                     const Options& requested) {
  BEACH_TRY(CheckOptions(requested));
  const Options options = WithShrunkLimits(requested);
  env::FileSystem& files = *env.files;
  // Judged before the lock is taken: a directory that is refused must stay untouched (rule 16).
  BEACH_TRY(PrepareDirectory(files, directory, options.create_if_missing));
  BEACH_TRY(CheckUnlocked(files, directory, options));
  DbImpl::Parts parts;
  parts.directory = directory;
  parts.options = options;
  BEACH_TRY_ASSIGN(parts.lock, files.Lock(env::JoinPath(directory, kLockFileName)));

  // And again under it: another process may have been at work.
  BEACH_TRY_ASSIGN(DirectoryContents contents, InspectDirectory(files, directory));
  BEACH_TRY(CheckUsable(directory, contents, options.create_if_missing));
  if (!contents.has_current) {
    BEACH_TRY(CreateDatabase(env, directory, contents, options));
    BEACH_TRY_ASSIGN(contents, InspectDirectory(files, directory));
  }
  BEACH_TRY_ASSIGN(const ManifestOnDisk manifest, ReadDatabase(files, directory));
  BEACH_TRY(CheckKind(directory, manifest.state, options));
  BEACH_SOMETIMES("open.manifest_had_torn_tail", manifest.torn_tail_bytes > 0);
  parts.cache = std::make_shared<sst::TableCache>(
      sst::TableCache::Limits{.block_cache_size = options.block_cache_size,
                              .open_tables_max = options.open_tables_max,
                              .readahead_max = options.readahead_max,
                              .clock = env.clock});
  std::shared_ptr<const Version> tables;
  BEACH_TRY_ASSIGN(const ManifestState state,
                   StateToRecover(files, directory, contents, manifest, parts.cache, tables));
  BEACH_TRY_ASSIGN(Prepared prepared, RecoverAndPrepare(env, parts, state, manifest));
  Recovered& recovered = prepared.recovered;
  parts.manifest = std::move(prepared.manifest);
  BEACH_TRY(parts.manifest->Publish());
  // FAILPOINT: open_after_manifest: recovered for good; the files of the former life are debris.
  BEACH_FAILPOINT("open_after_manifest");
  RemoveDebris(files, directory, ListedFiles(recovered.state, parts.manifest->file()));

  auto view = std::make_shared<View>();
  view->active = recovered.memtable;
  BEACH_TRY_ASSIGN(view->version,
                   OpenTables(files, directory, recovered.state, parts.cache, tables));
  parts.view = std::move(view);
  parts.epoch = recovered.state.epoch;
  parts.mark = recovered.state.log_mark.value_or(LogMark());
  parts.segment = recovered.segment;
  parts.reserve = recovered.reserve;
  parts.log_start = recovered.log_start;
  parts.last_sequence = std::max(recovered.last_sequence, recovered.state.last_sequence);
  auto db = std::make_unique<DbImpl>(env, std::move(parts));
  BEACH_TRY(db->Start(recovered.end));
  return db;
}

}  // namespace beach::engine
