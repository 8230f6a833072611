// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/iterator.h"
#include "engine/tables/named_table.h"
#include "engine/types.h"
#include "engine/write_batch.h"

// Which tables there are is data: keys of a table of its own, number 1, written by ordinary
// batches.
//
//   key                          value
//   0x00                         the next number, 8 bytes; absent where there never was a table
//   0x01 name                    the number, 8 bytes
//   0x02 number, greatest first  the name
//
// Values are little-endian. To create a table is to put all three, to drop one is to delete the
// last two and all keys of its range: one batch each, so that a crash leaves the whole or nothing.

namespace beach::engine {

inline constexpr NamedTable kSystemTable{TableNumber(1)};
inline constexpr std::size_t kTableNameSizeMax = 255;

// 1 to 255 of A-Z a-z 0-9 _ - and '.'; kInvalidArgument.
Status CheckTableName(ByteView name);

// Keys of the system table.
Bytes TableNameKey(ByteView name);
Bytes TableNumberKey(TableNumber number);
// kCorruption: the value of a name is no number of a table.
Result<NamedTable> TableOfValue(ByteView value);

// The tables that readers may name: immutable, in every view.
class LiveTables {
 public:
  explicit LiveTables(std::vector<TableNumber> numbers) : numbers_(std::move(numbers)) {}

  // Of a read as of `sequence`, no older than the newest change but one: then the table may have
  // been dropped, and still be there for it.
  bool Contains(NamedTable table, SequenceNumber sequence) const;
  LiveTables With(TableNumber created) const;
  // `at`: the sequence number from which on it is gone.
  LiveTables Without(TableNumber dropped, SequenceNumber at) const;

 private:
  std::vector<TableNumber> numbers_;  // ascending
  TableNumber dropped_;               // the last one; 0: the newest change was none
  SequenceNumber dropped_at_;
};

struct TableChange {
  bool drop = false;
  NamedTable table;
  Bytes name;
};

// The tables as of the end of the log. Not thread-safe.
class Catalogue {
 public:
  // `entry`: over the keys of the system table. kCorruption where they contradict each other.
  Status Load(Iterator& entry);

  // What would be done, and is by Apply. kAlreadyExists; kOverloaded: there are `most`, or no
  // number is left.
  Result<TableChange> PlanCreate(ByteView name, std::uint64_t most) const;
  // kNotFound
  Result<TableChange> PlanDrop(ByteView name) const;
  // All that the change is, to be written at once.
  static WriteBatch BatchOf(const TableChange& change);
  void Apply(const TableChange& change);

  // kNotFound: the table is not there, or one of those that the batch names.
  Status CheckTable(NamedTable table) const;
  Status CheckTables(const WriteBatch& batch) const;
  std::uint64_t count() const { return numbers_.size(); }
  std::vector<TableNumber> Numbers() const;

 private:
  std::map<Bytes, TableNumber, std::less<>> names_;
  std::map<TableNumber, Bytes> numbers_;
  TableNumber next_ = kSystemTable.number.Next();
};

Error NoSuchTable(NamedTable table);

}  // namespace beach::engine
