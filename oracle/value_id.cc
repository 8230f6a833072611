// SPDX-License-Identifier: Apache-2.0
#include "oracle/value_id.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "base/random.h"

namespace beach::oracle {
namespace {

// Takes a decimal number without leading zeros off the front.
bool TakeNumber(ByteView& text, std::uint64_t maximum, std::uint64_t& value) {
  std::size_t length = 0;
  value = 0;
  while (length < text.size() && text[length] >= '0' && text[length] <= '9') {
    const auto digit = static_cast<std::uint64_t>(text[length] - '0');
    if (value > (maximum - digit) / 10) return false;
    value = value * 10 + digit;
    ++length;
  }
  if (length == 0 || (length > 1 && text[0] == '0')) return false;
  text.remove_prefix(length);
  return true;
}

bool TakePrefix(ByteView& text, ByteView prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

constexpr std::size_t kLetters = sizeof(std::uint64_t);

// A letter for each byte b: 'a' + b * 26 / 256.
std::uint64_t Letters(std::uint64_t random) {
  constexpr std::uint64_t kEven = 0x00ff00ff00ff00ff;
  const std::uint64_t even = (random & kEven) * 26 >> 8 & kEven;
  const std::uint64_t odd = (random >> 8 & kEven) * 26 & ~kEven;
  return (even | odd) + 0x6161616161616161;
}

}  // namespace

Bytes MakeValue(ValueId id, std::size_t filler_size) {
  Bytes value = "b" + std::to_string(id.batch.value) + ".o" + std::to_string(id.operation) + ".";
  const std::size_t id_size = value.size();
  ResizeUnfilled(value, id_size + filler_size);
  RandomStream filler(RandomValue(id.batch.value, id.operation));
  for (std::size_t i = id_size; i < value.size(); i += kLetters) {
    char letters[kLetters];
    StoreFixed(letters, Letters(filler.Next()));
    std::memcpy(value.data() + i, letters, std::min(kLetters, value.size() - i));
  }
  return value;
}

std::optional<ValueId> ParseValueId(ByteView value) {
  std::uint64_t batch = 0;
  std::uint64_t operation = 0;
  if (!TakePrefix(value, "b")) return std::nullopt;
  if (!TakeNumber(value, ~std::uint64_t{0}, batch)) return std::nullopt;
  if (!TakePrefix(value, ".o")) return std::nullopt;
  if (!TakeNumber(value, ~std::uint32_t{0}, operation)) return std::nullopt;
  if (!TakePrefix(value, ".")) return std::nullopt;
  return ValueId{BatchId(batch), static_cast<std::uint32_t>(operation)};
}

std::string DescribeValue(const std::optional<Bytes>& value) {
  if (!value) return "absent";
  if (value->empty()) return "an empty value";
  if (const std::optional<ValueId> id = ParseValueId(*value)) {
    return "value b" + std::to_string(id->batch.value) + ".o" + std::to_string(id->operation) +
           " of " + std::to_string(value->size()) + " bytes";
  }
  return "value \"" + Printable(*value, 32) + "\"";
}

}  // namespace beach::oracle
