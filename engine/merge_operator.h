// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace beach::engine {

// What a merge does to the value that is there. The list is closed, and each operand names its
// operator, so that recovery and compaction need nobody's code. Every operator takes every value;
// operands of one operator can be put together before they are applied. Values are on disk: never
// renumbered.
enum class MergeOperator : std::uint8_t {
  // Operand and value are signed numbers of 64 bits, little-endian, 8 bytes; sums wrap round. No
  // value, or one of another size, counts as 0.
  kAdd = 0,
  // The operand behind the value, up to kMergedSizeMax; what is beyond is cut off. No value counts
  // as empty.
  kAppend = 1,
  // The greater, or the lesser, in the order of keys: bytewise unsigned. No value gives way.
  kMax = 2,
  kMin = 3,
};

// Bytes that an append makes a value grow to, at most. As large as a value may be made.
inline constexpr std::uint64_t kMergedSizeMax = std::uint64_t{512} << 20;

// As it is stored, in the place of a value: the operator (1 byte), then the operand.
struct MergeOperand {
  MergeOperator merge_operator = MergeOperator::kAdd;
  ByteView operand;
};
Bytes EncodeOperand(MergeOperator merge_operator, ByteView operand);
// Whether it is one, as it is stored: of an operator of ours, and of the size that it takes.
inline bool IsOperand(ByteView stored) {
  if (stored.empty()) return false;
  const auto number = static_cast<std::uint8_t>(stored[0]);
  if (number == static_cast<std::uint8_t>(MergeOperator::kAdd)) {
    return stored.size() == 1 + sizeof(std::uint64_t);
  }
  return number <= static_cast<std::uint8_t>(MergeOperator::kMin);
}
// False: it is none. Then, read from a file, it is damage.
bool ParseOperand(ByteView stored, MergeOperand& operand);

// "append \"sand\"", for people.
std::string DescribeOperand(ByteView stored);

// Applies it. Nothing: there is no value.
void ApplyOperand(const MergeOperand& operand, std::optional<Bytes>& value);
// Applies stored operands, that come newest first, the oldest first. kCorruption: one is none.
Status FoldOperands(const std::vector<Bytes>& operands, std::optional<Bytes>& value);
// The one operand, stored, that does what both do, one after the other. REQUIRES: one operator.
Bytes CombineOperands(const MergeOperand& older, const MergeOperand& newer);

}  // namespace beach::engine
