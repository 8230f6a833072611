// SPDX-License-Identifier: Apache-2.0
#include "server/machine/transaction.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <string>
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

void Apply(const Operation& operation, ByteView key, std::uint64_t time_ms, KeyState& state) {
  if (Settles(operation, key)) {
    const bool expires = operation.kind == OperationKind::kPutUntil;
    const bool there =
        operation.kind == OperationKind::kPut || (expires && time_ms < operation.expires_at_ms);
    state.value = there ? std::optional<Bytes>(operation.value) : std::nullopt;
    state.expires_at_ms = there && expires ? operation.expires_at_ms : 0;
  } else if (operation.kind == OperationKind::kMerge && operation.key == key) {
    engine::ApplyOperand(
        {.merge_operator = OperatorOf(operation.merge), .operand = operation.value}, state.value);
  }
}

// What a key holds behind these operations, of which none is computed. False: reading it would
// block.
Result<bool> ReadBehind(std::span<const Operation> before, ByteView key, KeyReader& reader,
                        KeyState& state) {
  std::size_t first = before.size();
  while (first > 0 && !Settles(before[first - 1], key)) --first;
  if (first == 0) {
    BEACH_TRY_ASSIGN(std::optional<KeyState> found, reader.GetState(key));
    if (!found) return false;
    state = *std::move(found);
  }
  for (std::size_t i = first == 0 ? 0 : first - 1; i < before.size(); ++i) {
    Apply(before[i], key, reader.time_ms(), state);
  }
  return true;
}

// What a read says of that.
std::optional<Bytes> Said(OperationKind kind, KeyState state) {
  if (!state.value || kind == OperationKind::kGet) return std::move(state.value);
  if (kind == OperationKind::kHas || state.expires_at_ms == 0) return Bytes();
  return std::to_string(state.expires_at_ms);
}

// The write that leaves a key so. `made` keeps its value.
Operation WriteOf(ByteView key, KeyState state, std::deque<Bytes>& made) {
  if (!state.value) return {.kind = OperationKind::kDelete, .key = key};
  Operation write{.kind = OperationKind::kPut, .key = key};
  write.value = made.emplace_back(*std::move(state.value));
  if (state.expires_at_ms == 0) return write;
  write.kind = OperationKind::kPutUntil;
  write.expires_at_ms = state.expires_at_ms;
  return write;
}

// Makes the reads, and computes the writes that need them. A transaction that would read more than
// an answer holds, or leave more than it may, is invalid.
Result<Judged> ReadAll(const std::vector<Operation>& operations, AnswerKind kind,
                       KeyReader& reader) {
  Judged judged{.would_block = false, .kind = kind, .values = {}, .operations = &operations};
  const bool computes =
      std::ranges::any_of(operations, [](const Operation& one) { return one.is_computed(); });
  std::uint64_t bytes_said = 0;
  std::uint64_t bytes_left = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const Operation& operation = operations[i];
    if (!operation.says()) {
      if (computes) judged.resolved.push_back(operation);
      continue;
    }
    KeyState state;
    const std::span<const Operation> before = computes
                                                  ? std::span<const Operation>(judged.resolved)
                                                  : std::span<const Operation>(operations).first(i);
    BEACH_TRY_ASSIGN(const bool read, ReadBehind(before, operation.key, reader, state));
    if (!read) return Judged{.would_block = true, .values = {}};
    std::optional<Bytes> said;
    if (operation.is_computed()) {
      Computed computed = Compute(operation, std::move(state), reader.time_ms());
      said = std::move(computed.said);
      if (computed.left) {
        if (computed.left->value) bytes_left += computed.left->value->size();
        judged.resolved.push_back(WriteOf(operation.key, *std::move(computed.left), judged.made));
      }
    } else {
      said = Said(operation.kind, std::move(state));
    }
    if (said) bytes_said += said->size();
    if (bytes_said > kValuesSizeMax || bytes_left > kComputedSizeMax) {
      return Judged{.kind = AnswerKind::kInvalid, .values = {}};
    }
    judged.values.push_back(std::move(said));
  }
  if (computes) judged.operations = nullptr;
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

Result<std::optional<KeyState>> KeyReader::GetState(ByteView user_key) {
  KeyState state;
  options_.expires_at = &state.expires_at_ms;
  Result<engine::TryGetResult> found = Get(user_key);
  options_.expires_at = nullptr;
  if (!found) return Fail(std::move(found).error());
  if (found->would_block) return std::optional<KeyState>();
  state.value = std::move(found->value);
  return state;
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
    BEACH_CHECK(!operation.is_computed());
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
      default: break;
    }
  }
  BEACH_CHECK(!batch.malformed());
}

}  // namespace beach::server
