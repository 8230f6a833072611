// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/outputs.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
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
// The last table may begin or end with the longest key; the inputs that are removed are listed too.
static_assert(kManifestRecordSizeMax >= kBoundsSizeMax + 4 * kMiB + 2 * kMiB);

}  // namespace

OutputTables::~OutputTables() {
  builder_.reset();
  for (const FileNumber file : files_) {
    static_cast<void>(place_.files.Remove(env::JoinPath(place_.directory, TableFileName(file))));
  }
}

void OutputTables::SetRangeDeletes(sst::RangeDeletes ranges) {
  BEACH_CHECK(builder_ == nullptr && tables_.empty());
  ranges_ = std::move(ranges);
  for (const sst::RangeDelete& range : ranges_) {
    longest_ = std::max({longest_, range.begin.size(), range.end.size()});
  }
}

Status OutputTables::Add(ByteView internal_key, ByteView value) {
  const ByteView user_key = UserKeyOf(internal_key);
  if (builder_ != nullptr && IsFull(user_key) && user_key != last_key_) {
    BEACH_TRY(EndTable(user_key));
  }
  if (builder_ == nullptr) BEACH_TRY(BeginTable(user_key));
  BEACH_TRY(builder_->Add(internal_key, value));
  last_key_.assign(user_key);
  return {};
}

Status OutputTables::BeginTable(ByteView first_key) {
  const FileNumber file = place_.new_file();
  files_.push_back(file);
  const std::string path = env::JoinPath(place_.directory, TableFileName(file));
  BEACH_TRY_ASSIGN(builder_, TableBuilder::Create(place_.files, path, place_.database, file,
                                                  place_.options, place_.level == kLevelCount - 1));
  first_key_size_ = first_key.size();
  return {};
}

// As long as the bounds of this table and of one that has all the rest have room, whatever they
// are.
bool OutputTables::IsFull(ByteView next_key) const {
  if (place_.size_max == 0 || builder_->size_bytes() < place_.size_max) return false;
  const std::uint64_t keys = first_key_size_ + last_key_.size() + next_key.size() + 4 * longest_;
  return bounds_size_ + keys < kBoundsSizeMax;
}

Status OutputTables::EndTable(const std::optional<ByteView>& cut) {
  sst::RangeDeletes rest;
  for (sst::RangeDelete& range : ranges_) {
    const bool begins = !cut || range.begin < *cut;
    const bool ends = !cut || range.end <= *cut;
    if (begins) builder_->AddRangeDelete(range.begin, ends ? range.end : *cut, range.sequence);
    if (ends) continue;
    BEACH_SOMETIMES("compaction.range_delete_cut", begins);
    if (begins) range.begin.assign(*cut);
    rest.push_back(std::move(range));
  }
  ranges_ = std::move(rest);
  BEACH_TRY_ASSIGN(TableInfo info, builder_->Finish());
  builder_.reset();
  info.level = place_.level;
  bytes_written_ += info.size_bytes;
  bounds_size_ += info.smallest.size() + info.largest.size() + kTableFieldsSize;
  tables_.push_back(std::move(info));
  return {};
}

Status OutputTables::Finish() {
  if (builder_ == nullptr && !ranges_.empty()) BEACH_TRY(BeginTable({}));
  if (builder_ != nullptr) BEACH_TRY(EndTable(std::nullopt));
  if (tables_.empty()) return {};
  // FAILPOINT: compaction_after_file_sync: whole tables that no manifest lists, names perhaps lost.
  BEACH_FAILPOINT("compaction_after_file_sync");
  // FAILPOINT: compaction_publish_error: the sync that makes the names of its tables durable.
  BEACH_TRY(BEACH_FAULTPOINT("compaction_publish_error"));
  BEACH_TRY(place_.files.SyncDirectory(place_.directory));
  // FAILPOINT: compaction_after_directory_sync: whole tables that no manifest lists: debris.
  BEACH_FAILPOINT("compaction_after_directory_sync");
  return {};
}

}  // namespace beach::engine
