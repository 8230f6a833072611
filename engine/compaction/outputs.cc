// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/outputs.h"

#include <utility>

#include "engine/internal_key.h"
#include "engine/manifest/edit.h"
#include "engine/manifest/manifest_file.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// One manifest edit lists all outputs, with two keys each. Where so many bytes of keys are reached,
// what is left goes into one table.
constexpr std::uint64_t kBoundsSizeMax = 8 * kMiB;
constexpr std::uint64_t kTableFieldsSize = 128;  // at most what else an edit says of a table
// The last table may end with the longest key; and the inputs that are removed are listed too.
static_assert(kManifestRecordSizeMax >= kBoundsSizeMax + 4 * kMiB + 2 * kMiB);

}  // namespace

OutputTables::~OutputTables() {
  builder_.reset();
  for (const FileNumber file : files_) {
    static_cast<void>(place_.files.Remove(env::JoinPath(place_.directory, TableFileName(file))));
  }
}

Status OutputTables::Add(ByteView internal_key, ByteView value) {
  const ByteView user_key = UserKeyOf(internal_key);
  if (builder_ != nullptr && IsFull(user_key) && user_key != last_key_) BEACH_TRY(EndTable());
  if (builder_ == nullptr) {
    const FileNumber file = place_.new_file();
    files_.push_back(file);
    const std::string path = env::JoinPath(place_.directory, TableFileName(file));
    BEACH_TRY_ASSIGN(builder_,
                     TableBuilder::Create(place_.files, path, place_.database, file, place_.options,
                                          place_.level == kLevelCount - 1));
    bounds_size_ += internal_key.size() + kTableFieldsSize;
  }
  BEACH_TRY(builder_->Add(internal_key, value));
  last_key_.assign(user_key);
  return {};
}

bool OutputTables::IsFull(ByteView next_key) const {
  if (place_.size_max == 0 || builder_->size_bytes() < place_.size_max) return false;
  return bounds_size_ + last_key_.size() + next_key.size() < kBoundsSizeMax;
}

Status OutputTables::EndTable() {
  BEACH_TRY_ASSIGN(TableInfo info, builder_->Finish());
  builder_.reset();
  info.level = place_.level;
  bytes_written_ += info.size_bytes;
  bounds_size_ += info.largest.size();
  tables_.push_back(std::move(info));
  return {};
}

Status OutputTables::Finish() {
  if (builder_ != nullptr) BEACH_TRY(EndTable());
  if (tables_.empty()) return {};
  // FAILPOINT: compaction.outputs_synced: whole tables that no manifest lists, names perhaps lost.
  BEACH_FAILPOINT("compaction.outputs_synced");
  BEACH_TRY(place_.files.SyncDirectory(place_.directory));
  // FAILPOINT: compaction.outputs_named: whole tables that no manifest lists: debris.
  BEACH_FAILPOINT("compaction.outputs_named");
  return {};
}

}  // namespace beach::engine
