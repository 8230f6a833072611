// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/key_hash.h"

#define XXH_INLINE_ALL  // short keys: a call costs as much as the hash
#include <xxhash.h>

namespace beach::engine::sst {

std::uint64_t HashUserKey(ByteView user_key) {
  return XXH3_64bits_withSeed(user_key.data(), user_key.size(), kKeyHashSeed);
}

}  // namespace beach::engine::sst
