// SPDX-License-Identifier: Apache-2.0
#include "oracle/merge.h"

#include <algorithm>

namespace beach::oracle {
namespace {

constexpr std::size_t kNumberSize = 8;

}  // namespace

Bytes NumberOperand(std::uint64_t number) {
  Bytes bytes(kNumberSize, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(number & 0xff);
    number >>= 8;
  }
  return bytes;
}

// Digit by digit, as on paper.
Bytes Merged(MergeKind kind, const std::optional<Bytes>& value, ByteView operand) {
  const Bytes there = value.value_or(Bytes());
  switch (kind) {
    case MergeKind::kAdd: {
      Bytes sum = there.size() == kNumberSize ? there : Bytes(kNumberSize, '\0');
      unsigned carry = 0;
      for (std::size_t i = 0; i < kNumberSize; ++i) {
        carry += static_cast<unsigned char>(sum[i]);
        carry += static_cast<unsigned char>(operand[i]);
        sum[i] = static_cast<char>(carry & 0xff);
        carry >>= 8;
      }
      return sum;
    }
    case MergeKind::kAppend: return there + Bytes(operand);
    case MergeKind::kMax: return value ? std::max(there, Bytes(operand)) : Bytes(operand);
    case MergeKind::kMin: return value ? std::min(there, Bytes(operand)) : Bytes(operand);
  }
  return there;
}

}  // namespace beach::oracle
