// SPDX-License-Identifier: Apache-2.0
#include "message.h"

#include "base/coding.h"
#include "base/crc32c.h"

// A message, numbers little-endian:
//
//   | bytes  | what                         |
//   | 4      | CRC32C of the rest           |
//   | 4      | length of the item's bytes   |
//   | 1      | kind                         |
//   | 8      | epoch                        |
//   | 8      | number                       |
//   | length | the item's bytes             |

namespace mirrored_log {

using namespace beach;  // NOLINT

namespace {

constexpr std::size_t kHeadSize = 25;
constexpr std::size_t kCrcSize = 4;

}  // namespace

Bytes Encode(const Message& message) {
  Bytes rest;
  Encoder encoder(rest);
  encoder.Fixed32(static_cast<std::uint32_t>(message.bytes.size()));
  encoder.Fixed8(static_cast<std::uint8_t>(message.kind));
  encoder.Fixed64(message.epoch);
  encoder.Fixed64(message.number);
  encoder.Raw(message.bytes);
  Bytes whole;
  Encoder(whole).Fixed32(Crc32c(rest));
  return whole + rest;
}

Found Take(ByteView& input, Message& message) {
  if (input.size() < kHeadSize) return Found::kUnfinished;
  Decoder decoder(input);
  const std::uint32_t crc = decoder.Fixed32();
  const std::uint32_t length = decoder.Fixed32();
  const std::uint8_t kind = decoder.Fixed8();
  message.epoch = decoder.Fixed64();
  message.number = decoder.Fixed64();
  if (length > kItemSizeMax) return Found::kDamaged;
  const ByteView bytes = decoder.Raw(length);
  if (!decoder.ok()) return Found::kUnfinished;
  if (crc != Crc32c(input.substr(kCrcSize, kHeadSize - kCrcSize + length))) return Found::kDamaged;
  message.kind = static_cast<Kind>(kind);
  message.bytes = bytes;
  input = decoder.rest();
  return Found::kWhole;
}

}  // namespace mirrored_log
