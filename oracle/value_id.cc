// SPDX-License-Identifier: Apache-2.0
#include "oracle/value_id.h"

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

}  // namespace

Bytes MakeValue(ValueId id, std::size_t filler_size) {
  Bytes value = "b" + std::to_string(id.batch.value) + ".o" + std::to_string(id.operation) + ".";
  value.reserve(value.size() + filler_size);
  RandomStream filler(RandomValue(id.batch.value, id.operation));
  for (std::size_t i = 0; i < filler_size; ++i) {
    value.push_back(static_cast<char>('a' + filler.Below(26)));
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
