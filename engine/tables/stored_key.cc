// SPDX-License-Identifier: Apache-2.0
#include "engine/tables/stored_key.h"

#include <string>
#include <utility>

#include "base/check.h"

namespace beach::engine {
namespace {

constexpr std::uint8_t kOneByteMax = 247;
constexpr std::size_t kNumberBytesMax = 7;
static_assert(kTableNumberMax.value >> (8 * kNumberBytesMax) == 0);
static_assert(2 + kNumberBytesMax <= kKeyPrefixMax);

void Append(KeyPrefix& prefix, std::uint64_t byte) {
  prefix.bytes[prefix.size++] = static_cast<char>(static_cast<unsigned char>(byte));
}

KeyPrefix PrefixOfNumber(std::uint64_t number) {
  KeyPrefix prefix;
  Append(prefix, 0xff);
  if (number <= kOneByteMax) {
    Append(prefix, number);  // 0: what is escaped
    return prefix;
  }
  std::size_t size = 1;
  while (number >> (8 * size) != 0) ++size;
  Append(prefix, kOneByteMax + size);
  while (size-- > 0) Append(prefix, number >> (8 * size) & 0xff);
  return prefix;
}

}  // namespace

KeyPrefix PrefixOf(NamedTable table) {
  BEACH_CHECK_LE(table.number.value, kTableNumberMax.value);
  return PrefixOfNumber(table.number.value);
}

KeyPrefix EndOf(NamedTable table) {
  BEACH_CHECK_LT(table.number.value, kTableNumberMax.value);
  return PrefixOfNumber(table.number.value + 1);
}

StoredKey::StoredKey(NamedTable table, ByteView user_key) : view_(user_key) {
  const KeyPrefix prefix = PrefixOf(table, user_key);
  if (prefix.size == 0) return;
  buffer_.reserve(prefix.size + user_key.size());
  buffer_.append(prefix).append(user_key);
  view_ = buffer_;
}

std::optional<StoredKeyParts> ParseStoredKey(ByteView stored) {
  if (!NeedsEscape(stored)) return StoredKeyParts{.table = {}, .user_key = stored};
  if (stored.size() < 2) return std::nullopt;
  const auto first = static_cast<std::uint8_t>(stored[1]);
  const std::size_t size = first > kOneByteMax ? first - kOneByteMax : 0;
  if (size > kNumberBytesMax || stored.size() < 2 + size) return std::nullopt;
  std::uint64_t number = size == 0 ? first : 0;
  for (std::size_t i = 0; i < size; ++i) {
    number = number << 8 | static_cast<std::uint8_t>(stored[2 + i]);
  }
  const StoredKeyParts parts{.table = NamedTable{TableNumber(number)},
                             .user_key = stored.substr(2 + size)};
  // There is one way to write each.
  const ByteView prefix = stored.substr(0, 2 + size);
  if (prefix != ByteView(PrefixOfNumber(number))) return std::nullopt;
  if (number == 0 && !NeedsEscape(parts.user_key)) return std::nullopt;
  return parts;
}

std::string PrintableStoredKey(ByteView stored) {
  const auto parts = ParseStoredKey(stored);
  const ByteView shown = parts ? parts->user_key : stored;
  std::string text = "\"" + Printable(shown) + "\"";
  if (!parts || parts->table == NamedTable()) return text;
  return "table " + std::to_string(parts->table.number.value) + " " + text;
}

KeySpace::KeySpace(NamedTable table) : table_(table), raw_(false), escapes_(table == NamedTable()) {
  if (!escapes_) prefix_size_ = PrefixOf(table).size;
}

ByteView KeySpace::Stored(ByteView user_key, Bytes& scratch) const {
  if (raw_) return user_key;
  const KeyPrefix prefix = PrefixOf(table_, user_key);
  if (prefix.size == 0) return user_key;
  scratch.assign(prefix).append(user_key);
  return scratch;
}

KeyRange KeySpace::Stored(KeyRange range) const {
  if (raw_) return range;
  Bytes scratch;
  KeyRange stored{.begin = Bytes(Stored(range.begin, scratch)), .end = {}};
  stored.end = Bytes(range.end ? Stored(*range.end, scratch) : ByteView(EndOf(table_)));
  return stored;
}

}  // namespace beach::engine
