// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/merge_operator.h"
#include "engine/tables/named_table.h"
#include "engine/types.h"

namespace beach::engine {

// Operations that are applied together or not at all, in order (the last one to a key wins): the
// unit of atomicity and durability, across tables. Copies what it is given. Sizes are judged by
// Db::Write, and so is whether the tables are there. Not thread-safe; may be written several times.
//
// Encoding (also what the log holds): per operation
//   kind (1 byte), key (length-prefixed), and length-prefixed: of kPut the value, of kDeleteRange
//   (whose key is where it begins) the end, of kMerge the operand and of kPutUntil the value as it
//   is stored; of kTime instead of all that the time (8 bytes)
// Keys and ends are stored keys (engine/tables/stored_key.h).
class WriteBatch {
 public:
  WriteBatch() = default;
  WriteBatch(const WriteBatch&) = default;
  WriteBatch& operator=(const WriteBatch&) = default;
  // What was moved from is empty.
  WriteBatch(WriteBatch&& other) noexcept
      : encoding_(std::exchange(other.encoding_, {})),
        tables_(std::exchange(other.tables_, {})),
        sums_(std::exchange(other.sums_, {})) {}
  WriteBatch& operator=(WriteBatch&& other) noexcept {
    encoding_ = std::exchange(other.encoding_, {});
    tables_ = std::exchange(other.tables_, {});
    sums_ = std::exchange(other.sums_, {});
    return *this;
  }

  void Put(ByteView key, ByteView value, NamedTable table = {});
  // A put for those who read before `expires_at` (in the database's time, engine/expiry.h), and a
  // delete for all others: from the start, where that has passed.
  void PutUntil(ByteView key, ByteView value, std::uint64_t expires_at, NamedTable table = {});
  void Delete(ByteView key, NamedTable table = {});
  // All keys from `begin`, included, to `end`, excluded, that there are before it, those of this
  // batch too. One operation, whatever it hits. An empty range adds nothing; one that ends before
  // it begins makes the batch malformed.
  void DeleteRange(ByteView begin, ByteView end, NamedTable table = {});
  // All keys of the table, in the same way.
  void DeleteAll(NamedTable table);
  // Applies the operator to what is there when this is written (engine/merge_operator.h). An
  // operand that is none of the operator's makes the batch malformed.
  void Merge(ByteView key, MergeOperator merge_operator, ByteView operand, NamedTable table = {});
  // From here on the database's time is no less. One operation, also where it is that late already.
  void AdvanceTime(std::uint64_t time);
  void Clear();
  // The batch of this encoding, which may be hostile: kCorruption, without a path.
  static Result<WriteBatch> Decode(ByteView encoding);

  std::uint32_t count() const { return sums_.count; }
  // An empty one too, and one that advances the time, by which keys go. Room for these is kept
  // where there is none for others (rule 19).
  bool deletes_only() const { return sums_.puts == 0; }
  bool has_range_deletes() const { return sums_.ranges > 0; }
  bool advances_time() const { return sums_.times > 0; }
  // Those with names that were named, ascending, each once; also where nothing was added for them.
  const std::vector<TableNumber>& tables() const { return tables_; }
  // Something was not added to it: Db::Write refuses it.
  bool malformed() const { return sums_.malformed; }
  // Bytes of the encoding, which limits speak of.
  std::uint64_t size_bytes() const { return encoding_.size(); }
  // Bytes of the longest key, as the caller gave it, and of the longest value or operand: limits
  // are about these (rule 1).
  std::uint64_t key_size_max() const { return sums_.key_size_max; }
  std::uint64_t value_size_max() const { return sums_.value_size_max; }
  ByteView encoding() const { return encoding_; }

 private:
  void Touch(NamedTable table);
  // An operation whose keys and value have so many bytes, as the caller gave them.
  void Begin(ValueKind kind, NamedTable table, std::size_t bytes);
  void AddKey(ByteView prefix, ByteView key);
  void AddValue(ByteView value);

  // Of all operations.
  struct Sums {
    std::uint32_t count = 0;
    std::uint32_t puts = 0;  // and operands
    std::uint32_t ranges = 0;
    std::uint32_t times = 0;
    std::uint64_t key_size_max = 0;
    std::uint64_t value_size_max = 0;
    bool malformed = false;
  };

  Bytes encoding_;
  std::vector<TableNumber> tables_;
  Sums sums_;
};

struct BatchOperation {
  ValueKind kind = ValueKind::kPut;
  ByteView key;            // stored; of a range: where it begins
  ByteView value;          // of kPut; of kMerge and kPutUntil as it is stored, well-formed
  ByteView end;            // of kDeleteRange: above the key
  std::uint64_t time = 0;  // of kTime, which has nothing else
};

// Walks an encoding, which may be hostile:
//   BatchReader reader(encoding);
//   while (reader.Next(operation)) ...
//   if (!reader.ok()) ...damage...
class BatchReader {
 public:
  explicit BatchReader(ByteView encoding) : rest_(encoding) {}

  // False at the end and on damage. Views in `operation` point into the encoding.
  bool Next(BatchOperation& operation);
  bool ok() const { return ok_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace beach::engine
