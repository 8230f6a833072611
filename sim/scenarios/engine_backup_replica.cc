// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_replica.h"

#include <algorithm>
#include <utility>

#include "engine/file_copy.h"
#include "engine/manifest/state.h"
#include "engine/partial_directory.h"
#include "engine/sst/table_frame.h"
#include "env/marks.h"
#include "sim/scenarios/engine_backup_copy.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::copies {
namespace {

// A table says all of itself but where it stands.
Result<engine::TableInfo> InfoOf(env::FileSystem& files, const std::string& path,
                                 const engine::PinnedFile& pinned) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  const engine::sst::Identity identity{.database = pinned.written_by, .file = pinned.number};
  BEACH_TRY_ASSIGN(const auto frame, engine::sst::ReadTableFrame(*file, size, identity));
  const engine::sst::Properties& properties = frame.properties;
  return engine::TableInfo{.file = pinned.number,
                           .size_bytes = size,
                           .entries = properties.entries + properties.range_deletes,
                           .smallest = properties.smallest,
                           .largest = properties.largest,
                           .sequence_min = properties.sequence_min,
                           .sequence_max = properties.sequence_max,
                           .level = pinned.level,
                           .origin = pinned.written_by};
}

}  // namespace

void Replica::Install(const engine::PinnedFiles& pin) {
  db_.reset();
  RemoveAll(world_, *env_.files, directory_);
  if (const Status made = Make(pin); !made) return GiveUp("installing pinned files", made.error());
  auto opened = engine::Db::Open(Quiet(env_), directory_, OptionsOfCopy(world_));
  if (!opened) return GiveUp("opening pinned files", opened.error());
  db_ = *std::move(opened);
  last_ = pin.sequence().value;
  Look();
}

// Durable tables and a manifest that lists them: no database before that is there.
Status Replica::Make(const engine::PinnedFiles& pin) {
  env::FileSystem& files = *env_.files;
  BEACH_TRY_ASSIGN(const auto target, engine::PartialDirectory::Begin(files, directory_));
  engine::ManifestState state;
  state.database = pin.database();
  state.last_sequence = pin.sequence();
  if (pin.time() != 0) state.time = {.sequence = pin.sequence(), .time = pin.time()};
  for (const engine::PinnedFile& pinned : pin.files()) {
    const std::string path = env::JoinPath(directory_, engine::TableFileName(pinned.number));
    BEACH_TRY(engine::CopyFile(files, pinned.path, path));
    BEACH_TRY_ASSIGN(engine::TableInfo info, InfoOf(files, path, pinned));
    state.tables.push_back(std::move(info));
    state.next_file = std::max(state.next_file, pinned.number.Next());
  }
  return target->Publish(engine::StateOfCopy(state, *env_.clock, directory_));
}

void Replica::Apply(const engine::LogBatch& batch) {
  if (!is_open() || batch.last().value <= last_) return;
  BEACH_SOMETIMES("engine_backup.replica_followed", true);
  const Status written = db_->Write({.sync = false}, batch.batch);
  if (!written) return GiveUp("writing to a replica", written.error());
  last_ = batch.last().value;
}

void Replica::Check() {
  if (!is_open()) return;
  const Status compacted = db_->CompactRange(std::nullopt, std::nullopt);
  if (!compacted) return GiveUp("compacting a replica", compacted.error());
  Look();
}

void Replica::Look() {
  const std::uint64_t visible = db_->VisibleSequence().value;
  const auto state = ReadState(*db_);
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.JudgeReplica(last_, {.last = visible, .state = state ? &*state : nullptr});
  }
  world_.Settle(judgement);
  if (!state) GiveUp("reading a replica", state.error());
}

void Replica::GiveUp(const char* doing, const Error& error) {
  db_.reset();
  world_.Excuse(doing, error);
}

}  // namespace beach::sim::scenarios::copies
