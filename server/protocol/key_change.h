// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/coding.h"
#include "server/command/command.h"

// What an entry of the log has done to users' keys, as watchers are told.

namespace beach::server {

// On the wire: never renumbered.
enum class KeyChangeKind : std::uint8_t {
  kDelete = 0,
  kPut = 1,
  kDeleteRange = 2,
  kMerge = 3,
  kPutUntil = 4,
};
struct KeyChange {
  KeyChangeKind kind = KeyChangeKind::kDelete;
  ByteView key;                      // of a range where it begins
  ByteView value = {};               // of puts; of a merge the operand
  std::optional<ByteView> end = {};  // of a range, excluded; nothing: to the last key
  MergeKind merge = MergeKind::kAdd;
  std::uint64_t expires_at_ms = 0;  // of kPutUntil; that the time has come is no change of its own
  friend bool operator==(const KeyChange&, const KeyChange&) = default;
};

inline constexpr std::uint64_t kKeyChangeBytesMin = 2;

void EncodeKeyChange(const KeyChange& change, Encoder& encoder);
// False: the bytes are none. Views are of the decoder's bytes.
bool ReadKeyChange(KeyChange& change, Decoder& decoder);

}  // namespace beach::server
