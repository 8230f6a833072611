// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/coding.h"
#include "engine/types.h"

// Values that expire. The engine reads no clock for them: the database has a time, a number in a
// unit of its user's (by convention milliseconds since 1970), which operations of the log advance
// (ValueKind::kTime) and which never goes back. It is 0 before the first of them.

namespace beach::engine {

// The time from the operation with that sequence number on, until the next that advances it. What
// the time is as of a sequence number follows from the log alone, so that two reads at one number
// agree.
struct TimeMark {
  SequenceNumber sequence;
  std::uint64_t time = 0;

  friend bool operator==(const TimeMark&, const TimeMark&) = default;
};

// As it is stored, in the place of a value (ValueKind::kPutUntil): when it expires (8 bytes,
// little-endian), then the value.
struct ExpiringValue {
  std::uint64_t expires_at = 0;
  ByteView value;

  // As if deleted, at the version that it is: older ones do not show through.
  bool IsExpired(std::uint64_t time) const { return time >= expires_at; }
};
inline constexpr std::size_t kExpirySize = sizeof(std::uint64_t);

inline Bytes EncodeExpiring(std::uint64_t expires_at, ByteView value) {
  Bytes stored;
  stored.reserve(kExpirySize + value.size());
  Encoder(stored).Fixed64(expires_at);
  stored.append(value);
  return stored;
}
// False: too short. Then, read from a file, it is damage.
inline bool ParseExpiring(ByteView stored, ExpiringValue& parsed) {
  if (stored.size() < kExpirySize) return false;
  parsed.expires_at = LoadFixed<std::uint64_t>(stored.data());
  parsed.value = stored.substr(kExpirySize);
  return true;
}

}  // namespace beach::engine
