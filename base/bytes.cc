// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

namespace beach {

void ResizeUnfilled(Bytes& bytes, std::size_t size) {
  // Not the operation's own argument: GCC 12 passes the capacity.
  bytes.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
}

std::string Printable(ByteView bytes, std::size_t length_max) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes.substr(0, length_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      text.push_back(c);
      continue;
    }
    text += "\\x";
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  if (bytes.size() > length_max) text += "... (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

}  // namespace beach
