// SPDX-License-Identifier: Apache-2.0
#include "engine/key_range.h"

namespace beach::engine {

// It ends at the first key above all that begin with the prefix: the prefix with its last byte that
// can grow one greater, and nothing behind it. There is none above a prefix of 0xff alone.
KeyRange KeyRange::OfPrefix(ByteView prefix) {
  const std::size_t last = prefix.find_last_not_of('\xff');
  KeyRange range{.begin = Bytes(prefix), .end = {}};
  if (last == ByteView::npos) return range;
  range.end.emplace(prefix.substr(0, last + 1));
  range.end->back() = static_cast<char>(static_cast<unsigned char>(range.end->back()) + 1);
  return range;
}

}  // namespace beach::engine
