// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "engine/key_range.h"

// Where things are in the engine's table without a name. The first byte of a key says whose it is,
// so that no key of a user's is one of ours, whatever its bytes:
//
//   0x00  the machine's own: sessions (session_rows.h)
//   0x01  the user's, behind that byte, in the user's order

namespace beach::server {

inline constexpr char kOwnSpace = '\x00';
inline constexpr char kUserSpace = '\x01';
inline constexpr std::size_t kSpaceSize = 1;

// Good until `scratch` is touched.
inline ByteView StoredKey(ByteView user_key, Bytes& scratch) {
  scratch.assign(1, kUserSpace);
  scratch.append(user_key);
  return scratch;
}

// REQUIRES: a stored key of the user's. Points into it.
inline ByteView UserKey(ByteView stored) { return stored.substr(kSpaceSize); }

// The user's keys from `begin`, included, to `end`, excluded; without `end` to the last one.
inline engine::KeyRange StoredRange(ByteView begin, std::optional<ByteView> end) {
  Bytes scratch;
  engine::KeyRange range{.begin = Bytes(StoredKey(begin, scratch)),
                         .end = Bytes(1, kUserSpace + 1)};
  if (end) range.end = Bytes(StoredKey(*end, scratch));
  return range;
}

}  // namespace beach::server
