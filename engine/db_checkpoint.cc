// SPDX-License-Identifier: Apache-2.0
// Checkpoints: the tables of one moment under second names, in a directory that is a database of
// its own. Held tables, which backups are made of too.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/db_held_tables.h"
#include "engine/db_impl.h"
#include "engine/manifest/file_names.h"
#include "engine/partial_directory.h"
#include "env/marks.h"

namespace beach::engine {

Result<SequenceNumber> DbImpl::Checkpoint(const std::string& directory) {
  if (closing_) return Fail(ErrorCode::kClosed, "the database is closed");
  BEACH_TRY_ASSIGN(const auto target, PartialDirectory::Begin(*env_.files, directory));
  HeldTables held(*this);
  BEACH_TRY(held.Take());
  // Each is durable under its first name; the second names are before CURRENT is there.
  for (std::size_t i = 0; i < held.state().tables.size(); ++i) {
    const std::string name = TableFileName(held.state().tables[i].file);
    // FAILPOINT: checkpoint_link_error: the second name of a table.
    BEACH_TRY(BEACH_FAULTPOINT("checkpoint_link_error"));
    BEACH_TRY(env_.files->Link(env::JoinPath(directory_, name), env::JoinPath(directory, name)));
    // FAILPOINT: checkpoint_after_link: some tables under second names; no database there.
    BEACH_FAILPOINT("checkpoint_after_link");
    held.LetGo(i);
  }
  const ManifestState state = StateOfCopy(held.state(), *env_.clock, directory);
  BEACH_TRY(target->Publish(state));
  Record("checkpoint.finished", {{.name = "tables", .number = state.tables.size()},
                                 {.name = "last_sequence", .number = state.last_sequence.value}});
  return state.last_sequence;
}

Status DbImpl::HeldTables::Take() {
  BEACH_CHECK(tables_.empty());
  BEACH_TRY(db_.Flush());
  {
    const env::MutexLock lock(db_.mutex_);
    if (db_.options_.external_log) state_.log_mark = db_.flushed_mark_;
    for (const Version::Level& level : db_.view_->version->levels) {
      for (const TablePointer& table : level) {
        db_.table_holds_.Hold(table);
        tables_.push_back(table);
      }
    }
    state_.last_sequence = db_.flushed_sequence_;
    state_.time = db_.flushed_time_;
  }
  std::ranges::sort(tables_, {}, [](const TablePointer& table) { return table->info.file; });
  const ManifestState now = db_.manifest_->state();  // above all numbers of the tables
  state_.database = now.database;
  state_.epoch = now.epoch;
  state_.next_file = now.next_file;
  for (const TablePointer& table : tables_) state_.tables.push_back(table->info);
  return {};
}

void DbImpl::HeldTables::LetGo(std::size_t index) {
  const TablePointer table = std::exchange(tables_[index], nullptr);
  if (table == nullptr) return;
  bool last = false;
  {
    const env::MutexLock lock(db_.mutex_);
    last = db_.table_holds_.Release(table);
  }
  BEACH_SOMETIMES("checkpoint.held_table_was_retired", last);
  if (last) db_.RemoveTableFile(*table);
}

DbImpl::HeldTables::~HeldTables() {
  for (std::size_t i = 0; i < tables_.size(); ++i) LetGo(i);
}

}  // namespace beach::engine
