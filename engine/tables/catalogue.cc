// SPDX-License-Identifier: Apache-2.0
#include "engine/tables/catalogue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/coding.h"

namespace beach::engine {
namespace {

constexpr char kNextTag = '\0';
constexpr char kNameTag = '\1';
constexpr char kNumberTag = '\2';

bool IsNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

Bytes ValueOf(TableNumber number) {
  Bytes value;
  Encoder(value).Fixed64(number.value);
  return value;
}

std::unexpected<Error> Malformed(ByteView key) {
  return Fail(ErrorCode::kCorruption, "the list of tables is malformed at " + Printable(key));
}

}  // namespace

Status CheckTableName(ByteView name) {
  if (!name.empty() && name.size() <= kTableNameSizeMax &&
      std::ranges::all_of(name, IsNameCharacter)) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              "a table's name is 1 to 255 letters, digits, '_', '-' and '.', and not \"" +
                  Printable(name) + "\"");
}

Bytes TableNameKey(ByteView name) { return Bytes(1, kNameTag).append(name); }

Bytes TableNumberKey(TableNumber number) {
  Bytes key(1, kNumberTag);
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(static_cast<unsigned char>(number.value >> shift)));
  }
  return key;
}

Result<NamedTable> TableOfValue(ByteView value) {
  Decoder decoder(value);
  const TableNumber number(decoder.Fixed64());
  const bool sound = decoder.done() && number > kSystemTable.number && number < kTableNumberMax;
  if (!sound) return Malformed(value);
  return NamedTable{number};
}

bool LiveTables::Contains(NamedTable table, SequenceNumber sequence) const {
  if (std::ranges::binary_search(numbers_, table.number)) return true;
  return table.number == dropped_ && sequence < dropped_at_;
}

LiveTables LiveTables::With(TableNumber created) const {
  LiveTables next(numbers_);
  next.numbers_.insert(std::ranges::upper_bound(next.numbers_, created), created);
  return next;
}

LiveTables LiveTables::Without(TableNumber dropped, SequenceNumber at) const {
  LiveTables next(numbers_);
  std::erase(next.numbers_, dropped);
  next.dropped_ = dropped;
  next.dropped_at_ = at;
  return next;
}

Status Catalogue::Load(Iterator& entry) {
  TableNumber next;
  std::map<TableNumber, Bytes> named;  // as the names say
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    const ByteView key = entry.key();
    const ByteView rest = key.substr(std::min<std::size_t>(key.size(), 1));
    if (key == ByteView(&kNextTag, 1)) {
      BEACH_TRY_ASSIGN(const NamedTable table, TableOfValue(entry.value()));
      next = table.number;
    } else if (key.starts_with(kNameTag) && CheckTableName(rest)) {
      BEACH_TRY_ASSIGN(const NamedTable table, TableOfValue(entry.value()));
      if (!named.emplace(table.number, Bytes(rest)).second) return Malformed(key);
      names_.emplace(rest, table.number);
    } else if (key.starts_with(kNumberTag) && rest.size() == sizeof(std::uint64_t)) {
      std::uint64_t number = 0;
      for (const char c : rest) number = number << 8 | static_cast<unsigned char>(c);
      numbers_.emplace(TableNumber(number), Bytes(entry.value()));
    } else {
      return Malformed(key);
    }
  }
  BEACH_TRY(entry.status());
  if (numbers_ != named) return Malformed("its names");
  if (!numbers_.empty() && next <= numbers_.rbegin()->first) return Malformed("its next number");
  next_ = std::max(next_, next);
  return {};
}

Result<TableChange> Catalogue::PlanCreate(ByteView name, std::uint64_t most) const {
  if (names_.contains(name)) {
    return Fail(ErrorCode::kAlreadyExists, "there is a table \"" + Bytes(name) + "\"");
  }
  if (count() >= most || next_.Next() >= kTableNumberMax) {
    return Fail(ErrorCode::kOverloaded, "there are " + std::to_string(count()) +
                                            " tables, and no more may be (" + std::to_string(most) +
                                            " by option named_tables_max)");
  }
  return TableChange{.drop = false, .table = NamedTable{next_}, .name = Bytes(name)};
}

Result<TableChange> Catalogue::PlanDrop(ByteView name) const {
  const auto found = names_.find(name);
  if (found == names_.end()) {
    return Fail(ErrorCode::kNotFound, "there is no table \"" + Bytes(name) + "\"");
  }
  return TableChange{.drop = true, .table = NamedTable{found->second}, .name = Bytes(name)};
}

WriteBatch Catalogue::BatchOf(const TableChange& change) {
  WriteBatch batch;
  const TableNumber number = change.table.number;
  if (change.drop) {
    batch.Delete(TableNameKey(change.name), kSystemTable);
    batch.Delete(TableNumberKey(number), kSystemTable);
    batch.DeleteAll(change.table);
  } else {
    batch.Put(ByteView(&kNextTag, 1), ValueOf(number.Next()), kSystemTable);
    batch.Put(TableNameKey(change.name), ValueOf(number), kSystemTable);
    batch.Put(TableNumberKey(number), change.name, kSystemTable);
  }
  return batch;
}

void Catalogue::Apply(const TableChange& change) {
  const TableNumber number = change.table.number;
  if (change.drop) {
    names_.erase(change.name);
    numbers_.erase(number);
    return;
  }
  BEACH_CHECK(number >= next_);
  names_.emplace(change.name, number);
  numbers_.emplace(number, change.name);
  next_ = number.Next();
}

Status Catalogue::CheckTable(NamedTable table) const {
  if (table == NamedTable() || numbers_.contains(table.number)) return {};
  return Fail(NoSuchTable(table));
}

Status Catalogue::CheckTables(const WriteBatch& batch) const {
  for (const TableNumber number : batch.tables()) BEACH_TRY(CheckTable(NamedTable{number}));
  return {};
}

std::vector<TableNumber> Catalogue::Numbers() const {
  std::vector<TableNumber> numbers;
  for (const auto& [number, name] : numbers_) numbers.push_back(number);
  return numbers;
}

Error NoSuchTable(NamedTable table) {
  return {ErrorCode::kNotFound,
          "there is no table of number " + std::to_string(table.number.value) + ", or no more"};
}

}  // namespace beach::engine
