// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/operand_fold.h"

#include <utility>

#include "base/check.h"
#include "engine/merge_operator.h"

namespace beach::engine {

Status OperandFold::Add(SequenceNumber sequence, ByteView stored) {
  MergeOperand older;
  if (!ParseOperand(stored, older)) {
    return Fail(ErrorCode::kCorruption, "malformed operand " + Printable(stored, 32));
  }
  if (!entries_.empty()) {
    MergeOperand newer;
    const bool parsed = ParseOperand(entries_.back().value, newer);
    BEACH_CHECK(parsed);
    if (newer.merge_operator == older.merge_operator) {
      entries_.back().value = CombineOperands(older, newer);
      return {};
    }
  } else {
    newest_ = sequence;
  }
  Entry entry;
  AppendInternalKey(entry.key, {user_key_, sequence, ValueKind::kMerge});
  entry.value.assign(stored);
  entries_.push_back(std::move(entry));
  return {};
}

void OperandFold::ApplyTo(std::optional<Bytes> value) {
  BEACH_CHECK(!entries_.empty());
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    MergeOperand operand;
    const bool parsed = ParseOperand(entry->value, operand);
    BEACH_CHECK(parsed);
    ApplyOperand(operand, value);
  }
  Entry put;
  AppendInternalKey(put.key, {user_key_, newest_, ValueKind::kPut});
  put.value = *std::move(value);
  entries_.assign(1, std::move(put));
}

}  // namespace beach::engine
