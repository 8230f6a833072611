// SPDX-License-Identifier: Apache-2.0
// Tables with names. Which there are is data (engine/tables/catalogue.h): a change is a batch of
// its own group, decided on by the leader, so that it is in log order what it is in the catalogue.
#include <utility>

#include "engine/db_impl.h"
#include "engine/tables/stored_key.h"
#include "env/marks.h"

namespace beach::engine {

// Before anybody may write or read.
Status DbImpl::LoadTables() {
  const Moment moment(*this, {});
  const auto entry = Walk(*moment.view, moment.sequence, moment.time, kSystemTable, {}, nullptr);
  if (Status loaded = catalogue_.Load(*entry); !loaded) {
    const bool names_file = !loaded.error().path().empty();
    return names_file ? loaded : Fail(std::move(loaded).error().At(directory_));
  }
  CurrentView::Views dropped;
  {
    const env::MutexLock lock(mutex_);
    auto next = std::make_shared<View>(*view_);
    next->tables = std::make_shared<const LiveTables>(catalogue_.Numbers());
    dropped = SetView(std::move(next));
  }
  CurrentView::Drop(std::move(dropped));
  return {};
}

Result<NamedTable> DbImpl::CreateTable(ByteView name) {
  BEACH_TRY(CheckTableName(name));
  return ChangeTables([&] { return catalogue_.PlanCreate(name, options_.named_tables_max); });
}

Status DbImpl::DropTable(ByteView name) {
  BEACH_TRY(CheckTableName(name));
  BEACH_TRY(ChangeTables([&] { return catalogue_.PlanDrop(name); }));
  return {};
}

Result<NamedTable> DbImpl::ChangeTables(const std::function<Result<TableChange>()>& plan) {
  BEACH_TRY(CheckOwnLog());
  Writer writer;
  writer.sync = true;
  const env::MutexLock lock(mutex_);
  AwaitTurn(writer);
  if (writer.done) return Fail(std::move(writer.status).error());
  // What is planned by is then what readers are shown, too.
  AwaitLandings(0);
  Result<TableChange> change = poison_ ? Result<TableChange>(Fail(*poison_)) : plan();
  if (!change) {
    VouchIfOverdue();
    FinishGroup({&writer}, Fail(change.error()));
    return Fail(std::move(change).error());
  }
  const WriteBatch batch = Catalogue::BatchOf(*change);
  writer.batch = &batch;
  writer.change = &*change;
  LeadGroup(writer);
  BEACH_TRY(writer.status);
  return change->table;
}

void DbImpl::RecordChange(const TableChange& change, SequenceNumber first) {
  Record(change.drop ? Site("named_table.dropped") : Site("named_table.created"),
         {{.name = "table", .number = change.table.number.value},
          {.name = "first", .number = first.value},
          {.name = "name", .text = change.name}});
}

// Of a landed group, before it is visible: a reader to whom it is visible finds the table as it is
// then, and one that has pinned this view already, and reads before it, as it was.
void DbImpl::ShowTables(const TableChange& change, SequenceNumber first) {
  mutex_.AssertHeld();
  auto next = std::make_shared<View>(*view_);
  const LiveTables& before = *view_->tables;
  next->tables = std::make_shared<const LiveTables>(
      change.drop ? before.Without(change.table.number, first) : before.With(change.table.number));
  // No memtable and no table goes with the old one.
  static_cast<void>(SetView(std::move(next)));
}

Status DbImpl::CheckTable(const Moment& moment, const ReadOptions& options) {
  const NamedTable table = options.table;
  if (table == NamedTable()) [[likely]]
    return {};
  if (moment.view->tables->Contains(table, moment.sequence)) return {};
  if (options.snapshot == nullptr) return Fail(NoSuchTable(table));
  BEACH_TRY(TableIsThere(*moment.view, moment.sequence, table));
  BEACH_SOMETIMES("tables.dropped_one_read", true);
  return {};
}

Result<NamedTable> DbImpl::OpenTable(ByteView name) {
  BEACH_TRY(CheckReadable({}));
  const Moment moment(*this, {});
  return FindTable(*moment.view, moment.sequence, name);
}

Result<std::vector<std::string>> DbImpl::ListTables() {
  BEACH_TRY(CheckReadable({}));
  const Moment moment(*this, {});
  return TableNames(*moment.view, moment.sequence);
}

Status DbImpl::TableIsThere(const View& view, SequenceNumber sequence, NamedTable table) {
  if (table == NamedTable()) return {};
  if (table.number > kTableNumberMax) return Fail(NoSuchTable(table));
  const StoredKey key(kSystemTable, TableNumberKey(table.number));
  BEACH_TRY_ASSIGN(const auto name, Read(view, sequence, 0, key));
  if (!name) return Fail(NoSuchTable(table));
  return {};
}

Result<NamedTable> DbImpl::FindTable(const View& view, SequenceNumber sequence, ByteView name) {
  BEACH_TRY(CheckTableName(name));
  const StoredKey key(kSystemTable, TableNameKey(name));
  BEACH_TRY_ASSIGN(const auto value, Read(view, sequence, 0, key));
  if (!value) return Fail(ErrorCode::kNotFound, "there is no table \"" + Bytes(name) + "\"");
  return TableOfValue(*value);
}

Result<std::vector<std::string>> DbImpl::TableNames(const View& view, SequenceNumber sequence) {
  const auto entry = Walk(view, sequence, 0, kSystemTable, {}, nullptr);
  std::vector<std::string> names;
  const Bytes first = TableNameKey({});
  for (entry->Seek(first); entry->Valid() && entry->key().starts_with(first); entry->Next()) {
    names.emplace_back(entry->key().substr(first.size()));
  }
  BEACH_TRY(entry->status());
  return names;
}

}  // namespace beach::engine
