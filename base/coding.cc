// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"

namespace beach {

void Encoder::Varint(std::uint64_t value) {
  while (value >= 0x80) {
    target_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  target_.push_back(static_cast<char>(value));
}

void Encoder::LengthPrefixed(ByteView bytes) {
  Varint(bytes.size());
  target_.append(bytes);
}

std::uint64_t Decoder::Varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {  // the tenth byte ends it, or is too much
    if (rest_.empty()) return Bad(), 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) return Bad(), 0;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

std::uint32_t Decoder::Varint32() {
  const std::uint64_t value = Varint();
  if (value > 0xffffffffU) return Bad(), 0;
  return static_cast<std::uint32_t>(value);
}

ByteView Decoder::LengthPrefixed() {
  const std::uint64_t length = Varint();
  if (length > rest_.size()) return Bad(), ByteView{};
  return Raw(static_cast<std::size_t>(length));
}

ByteView Decoder::Raw(std::size_t length) {
  if (length > rest_.size()) return Bad(), ByteView{};
  const ByteView bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return bytes;
}

}  // namespace beach
