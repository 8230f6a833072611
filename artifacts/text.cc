// SPDX-License-Identifier: Apache-2.0
#include "artifacts/text.h"

namespace beach::artifacts {

std::string ToUtf8(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xc0 | byte >> 6));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return text;
}

std::optional<Bytes> FromUtf8(ByteView text) {
  Bytes bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    // 0xc2 and 0xc3 lead the code points 0x80 to 0xff.
    if (byte != 0xc2 && byte != 0xc3) return std::nullopt;
    if (++i == text.size()) return std::nullopt;
    const auto tail = static_cast<unsigned char>(text[i]);
    if ((tail & 0xc0) != 0x80) return std::nullopt;
    bytes.push_back(static_cast<char>((byte & 0x03) << 6 | (tail & 0x3f)));
  }
  return bytes;
}

}  // namespace beach::artifacts
