// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace beach::oracle {

// What an operand does to the value that is there, said once more and not as the database does it.
enum class MergeKind : std::uint8_t {
  kAdd,     // numbers of 8 bytes, little-endian, modulo 2^64; any other value counts as 0
  kAppend,  // behind what is there
  kMax,     // the greater of the two, bytewise
  kMin,
};

Bytes Merged(MergeKind kind, const std::optional<Bytes>& value, ByteView operand);

// A number as an operand of kAdd.
Bytes NumberOperand(std::uint64_t number);

}  // namespace beach::oracle
