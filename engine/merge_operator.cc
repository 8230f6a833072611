// SPDX-License-Identifier: Apache-2.0
#include "engine/merge_operator.h"

#include "base/check.h"
#include "base/coding.h"

namespace beach::engine {
namespace {

constexpr std::size_t kNumberSize = sizeof(std::uint64_t);

// Unsigned: sums are the same bits, and wrap round.
std::uint64_t NumberOf(ByteView bytes) {
  return bytes.size() == kNumberSize ? LoadFixed<std::uint64_t>(bytes.data()) : 0;
}

}  // namespace

Bytes EncodeOperand(MergeOperator merge_operator, ByteView operand) {
  Bytes stored;
  stored.reserve(1 + operand.size());
  Encoder(stored).Fixed8(static_cast<std::uint8_t>(merge_operator));
  stored.append(operand);
  return stored;
}

bool ParseOperand(ByteView stored, MergeOperand& operand) {
  if (!IsOperand(stored)) return false;
  operand.merge_operator = static_cast<MergeOperator>(stored[0]);
  operand.operand = stored.substr(1);
  return true;
}

std::string DescribeOperand(ByteView stored) {
  MergeOperand operand;
  if (!ParseOperand(stored, operand)) return "malformed \"" + Printable(stored) + "\"";
  const std::string bytes = " \"" + Printable(operand.operand) + "\"";
  switch (operand.merge_operator) {
    case MergeOperator::kAdd: {
      const std::uint64_t number = NumberOf(operand.operand);
      return "add " + std::to_string(static_cast<std::int64_t>(number));
    }
    case MergeOperator::kAppend: return "append" + bytes;
    case MergeOperator::kMax: return "max" + bytes;
    case MergeOperator::kMin: return "min" + bytes;
  }
  return "unknown";
}

void ApplyOperand(const MergeOperand& operand, std::optional<Bytes>& value) {
  const ByteView right = operand.operand;
  switch (operand.merge_operator) {
    case MergeOperator::kAdd: {
      const std::uint64_t sum = NumberOf(value ? ByteView(*value) : ByteView()) + NumberOf(right);
      value.emplace();
      Encoder(*value).Fixed64(sum);
      return;
    }
    case MergeOperator::kAppend:
      if (!value) value.emplace();
      if (value->size() < kMergedSizeMax) {
        value->append(right.substr(0, kMergedSizeMax - value->size()));
      }
      return;
    case MergeOperator::kMax:
      if (!value || ByteView(*value) < right) value = Bytes(right);
      return;
    case MergeOperator::kMin:
      if (!value || ByteView(*value) > right) value = Bytes(right);
      return;
  }
}

Status FoldOperands(const std::vector<Bytes>& operands, std::optional<Bytes>& value) {
  for (auto stored = operands.rbegin(); stored != operands.rend(); ++stored) {
    MergeOperand operand;
    if (!ParseOperand(*stored, operand)) {
      return Fail(ErrorCode::kCorruption, "malformed operand " + Printable(*stored, 32));
    }
    ApplyOperand(operand, value);
  }
  return {};
}

// Each operator makes of no value and an operand that operand: so the operands are put together as
// a value and an operand are.
Bytes CombineOperands(const MergeOperand& older, const MergeOperand& newer) {
  BEACH_CHECK(older.merge_operator == newer.merge_operator);
  std::optional<Bytes> both = Bytes(older.operand);
  ApplyOperand(newer, both);
  return EncodeOperand(older.merge_operator, *both);
}

}  // namespace beach::engine
