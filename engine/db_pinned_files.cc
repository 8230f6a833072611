// SPDX-License-Identifier: Apache-2.0
// The tables of one moment, held for whoever wants to read their files.
#include <string>
#include <utility>

#include "base/check.h"
#include "engine/db_held_tables.h"
#include "engine/db_impl.h"
#include "engine/internal_key.h"
#include "engine/pinned_files.h"

namespace beach::engine {

class DbImpl::FilePin final : public PinnedFiles {
 public:
  explicit FilePin(DbImpl& db) : db_(db), held_(db) {}
  ~FilePin() override {
    const env::MutexLock lock(db_.mutex_);
    --db_.file_pins_;
  }

  Status Take() {
    BEACH_TRY(held_.Take());
    const ManifestState& state = held_.state();
    for (const TableInfo& table : state.tables) {
      BEACH_CHECK_LE(table.sequence_max.value, state.last_sequence.value);
      files_.push_back({.path = env::JoinPath(db_.directory_, TableFileName(table.file)),
                        .number = table.origin_file.value_or(table.file),
                        .size_bytes = table.size_bytes,
                        .level = table.level,
                        .smallest = Bytes(UserKeyOf(table.smallest)),
                        .largest = Bytes(UserKeyOf(table.largest)),
                        .sequence_min = table.sequence_min,
                        .sequence_max = table.sequence_max,
                        .written_by = table.origin.value_or(state.database)});
    }
    return {};
  }

  DatabaseId database() const override { return held_.state().database; }
  SequenceNumber sequence() const override { return held_.state().last_sequence; }
  std::uint64_t time() const override { return held_.state().time.time; }
  const std::vector<PinnedFile>& files() const override { return files_; }
  Status Check(std::size_t number) const override {
    BEACH_CHECK_LT(number, files_.size());
    return held_.table(number).reader->Verify();
  }
  LogMark mark() const override { return held_.state().log_mark.value_or(LogMark()); }

 private:
  DbImpl& db_;
  HeldTables held_;
  std::vector<PinnedFile> files_;
};

Result<std::unique_ptr<PinnedFiles>> DbImpl::PinFiles() {
  {
    const env::MutexLock lock(mutex_);
    if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
    if (file_pins_ >= options_.file_pins_max) {
      return Fail(ErrorCode::kOverloaded,
                  "files are pinned " + std::to_string(file_pins_) + " times, as often as may be");
    }
    ++file_pins_;
  }
  auto pin = std::make_unique<FilePin>(*this);
  BEACH_TRY(pin->Take());
  return pin;
}

}  // namespace beach::engine
