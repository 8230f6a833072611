// SPDX-License-Identifier: Apache-2.0
#include "server/protocol/key_change.h"

namespace beach::server {

void EncodeKeyChange(const KeyChange& change, Encoder& encoder) {
  encoder.Fixed8(static_cast<std::uint8_t>(change.kind));
  encoder.LengthPrefixed(change.key);
  switch (change.kind) {
    case KeyChangeKind::kDelete: return;
    case KeyChangeKind::kDeleteRange:
      encoder.Fixed8(change.end ? 1 : 0);
      if (change.end) encoder.LengthPrefixed(*change.end);
      return;
    case KeyChangeKind::kMerge: encoder.Fixed8(static_cast<std::uint8_t>(change.merge)); break;
    case KeyChangeKind::kPutUntil: encoder.Fixed64(change.expires_at_ms); break;
    case KeyChangeKind::kPut: break;
  }
  encoder.LengthPrefixed(change.value);
}

bool ReadKeyChange(KeyChange& change, Decoder& decoder) {
  const std::uint8_t kind = decoder.Fixed8();
  if (kind > static_cast<std::uint8_t>(KeyChangeKind::kPutUntil)) return false;
  change.kind = static_cast<KeyChangeKind>(kind);
  change.key = decoder.LengthPrefixed();
  switch (change.kind) {
    case KeyChangeKind::kDelete: return decoder.ok();
    case KeyChangeKind::kDeleteRange: {
      const std::uint8_t has_end = decoder.Fixed8();
      if (has_end > 1) return false;
      if (has_end == 1) change.end = decoder.LengthPrefixed();
      return decoder.ok();
    }
    case KeyChangeKind::kMerge: {
      const std::uint8_t merge = decoder.Fixed8();
      if (merge > static_cast<std::uint8_t>(MergeKind::kMin)) return false;
      change.merge = static_cast<MergeKind>(merge);
      break;
    }
    case KeyChangeKind::kPutUntil: change.expires_at_ms = decoder.Fixed64(); break;
    case KeyChangeKind::kPut: break;
  }
  change.value = decoder.LengthPrefixed();
  return decoder.ok();
}

}  // namespace beach::server
