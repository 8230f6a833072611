// SPDX-License-Identifier: Apache-2.0
#include "server/machine/transaction.h"

#include <optional>
#include <span>
#include <utility>

#include "base/check.h"
#include "engine/merge_operator.h"
#include "server/machine/key_space.h"

namespace beach::server {
namespace {

// One number, two names.
constexpr bool Same(MergeKind kind, engine::MergeOperator merge_operator) {
  return static_cast<int>(kind) == static_cast<int>(merge_operator);
}
static_assert(Same(MergeKind::kAdd, engine::MergeOperator::kAdd));
static_assert(Same(MergeKind::kAppend, engine::MergeOperator::kAppend));
static_assert(Same(MergeKind::kMax, engine::MergeOperator::kMax));
static_assert(Same(MergeKind::kMin, engine::MergeOperator::kMin));

engine::MergeOperator OperatorOf(MergeKind kind) {
  return static_cast<engine::MergeOperator>(kind);
}

bool Holds(const Condition& condition, const std::optional<Bytes>& value) {
  switch (condition.kind) {
    case ConditionKind::kAbsent: return !value;
    case ConditionKind::kPresent: return value.has_value();
    case ConditionKind::kEquals: return value && *value == condition.value;
    case ConditionKind::kDiffers: return !value || *value != condition.value;
  }
  return false;
}

// Whether the operation leaves of the key what does not depend on what was there.
bool Settles(const Operation& operation, ByteView key) {
  switch (operation.kind) {
    case OperationKind::kDelete:
    case OperationKind::kPut:
    case OperationKind::kPutUntil: return operation.key == key;
    case OperationKind::kDeleteRange: return operation.key <= key && key < operation.value;
    default: return false;
  }
}

void Apply(const Operation& operation, ByteView key, std::uint64_t time_ms,
           std::optional<Bytes>& value) {
  if (Settles(operation, key)) {
    const bool there =
        operation.kind == OperationKind::kPut ||
        (operation.kind == OperationKind::kPutUntil && time_ms < operation.expires_at_ms);
    value = there ? std::optional<Bytes>(operation.value) : std::nullopt;
  } else if (operation.kind == OperationKind::kMerge && operation.key == key) {
    engine::ApplyOperand(
        {.merge_operator = OperatorOf(operation.merge), .operand = operation.value}, value);
  }
}

// What a key holds behind these operations. False: reading it would block.
Result<bool> ReadBehind(std::span<const Operation> before, ByteView key, KeyReader& reader,
                        std::optional<Bytes>& value) {
  std::size_t first = before.size();
  while (first > 0 && !Settles(before[first - 1], key)) --first;
  if (first == 0) {
    BEACH_TRY_ASSIGN(engine::TryGetResult found, reader.Get(key));
    if (found.would_block) return false;
    value = std::move(found.value);
  }
  for (std::size_t i = first == 0 ? 0 : first - 1; i < before.size(); ++i) {
    Apply(before[i], key, reader.time_ms(), value);
  }
  return true;
}

// Makes the reads. A transaction that would read more than an answer holds is invalid.
Result<Judged> ReadAll(const std::vector<Operation>& operations, AnswerKind kind,
                       KeyReader& reader) {
  Judged judged{.would_block = false, .kind = kind, .values = {}, .operations = &operations};
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (!operations[i].is_read()) continue;
    std::optional<Bytes> value;
    const std::span<const Operation> before(operations.data(), i);
    BEACH_TRY_ASSIGN(const bool read, ReadBehind(before, operations[i].key, reader, value));
    if (!read) return Judged{.would_block = true, .values = {}};
    if (value && operations[i].kind == OperationKind::kHas) value->clear();
    if (value) bytes += value->size();
    if (bytes > kValuesSizeMax) return Judged{.kind = AnswerKind::kInvalid, .values = {}};
    judged.values.push_back(std::move(value));
  }
  return judged;
}

}  // namespace

Result<engine::TryGetResult> KeyReader::Get(ByteView user_key) {
  return GetStored(StoredKey(user_key, scratch_));
}

Result<engine::TryGetResult> KeyReader::GetStored(ByteView stored_key) {
  if (!may_block_) return db_.TryGet(options_, stored_key);
  BEACH_TRY_ASSIGN(std::optional<Bytes> value, db_.Get(options_, stored_key));
  return engine::TryGetResult{.would_block = false, .value = std::move(value)};
}

Result<Judged> Judge(const Command& command, KeyReader& reader) {
  for (const Condition& condition : command.conditions) {
    BEACH_TRY_ASSIGN(const engine::TryGetResult found, reader.Get(condition.key));
    if (found.would_block) return Judged{.would_block = true, .values = {}};
    if (!Holds(condition, found.value)) {
      return ReadAll(command.otherwise, AnswerKind::kOtherwise, reader);
    }
  }
  return ReadAll(command.operations, AnswerKind::kDone, reader);
}

void AddWrites(const std::vector<Operation>& operations, engine::WriteBatch& batch) {
  Bytes key;
  for (const Operation& operation : operations) {
    if (operation.is_read()) continue;
    StoredKey(operation.key, key);
    switch (operation.kind) {
      case OperationKind::kDelete: batch.Delete(key); break;
      case OperationKind::kPut: batch.Put(key, operation.value); break;
      case OperationKind::kPutUntil:
        batch.PutUntil(key, operation.value, operation.expires_at_ms);
        break;
      case OperationKind::kMerge:
        batch.Merge(key, OperatorOf(operation.merge), operation.value);
        break;
      case OperationKind::kDeleteRange: {
        Bytes end;
        batch.DeleteRange(key, StoredKey(operation.value, end));
        break;
      }
      case OperationKind::kGet:
      case OperationKind::kHas: break;
    }
  }
  BEACH_CHECK(!batch.malformed());
}

}  // namespace beach::server
