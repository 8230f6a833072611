// SPDX-License-Identifier: Apache-2.0
#include "server/machine/session_rows.h"

#include "base/check.h"
#include "base/coding.h"
#include "server/machine/key_space.h"

namespace beach::server {
namespace {

constexpr char kPrefix[] = {kOwnSpace, 's'};
constexpr ByteView kPrefixView(kPrefix, sizeof kPrefix);
constexpr std::size_t kKeySize = sizeof kPrefix + sizeof(std::uint64_t) + 1;

}  // namespace

Bytes SessionRowKey(SessionId session, std::uint8_t slot) {
  BEACH_CHECK_LE(slot, kOpenSlot);
  Bytes key(kPrefixView);
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(session.value >> shift));
  }
  key.push_back(static_cast<char>(slot));
  BEACH_CHECK_EQ(key.size(), kKeySize);
  return key;
}

std::optional<SessionRowPlace> ParseSessionRowKey(ByteView key) {
  if (key.size() != kKeySize || !key.starts_with(kPrefixView)) return std::nullopt;
  SessionRowPlace place;
  for (const char byte : key.substr(kPrefixView.size(), sizeof(std::uint64_t))) {
    place.session.value = place.session.value << 8 | static_cast<unsigned char>(byte);
  }
  place.slot = static_cast<std::uint8_t>(key.back());
  if (place.slot > kOpenSlot || place.session == SessionId{}) return std::nullopt;
  return place;
}

Bytes EncodeSessionRow(const SessionRow& row) {
  Bytes value;
  value.reserve(4 * 10 + row.answer.size());
  Encoder encoder(value);
  encoder.Varint(row.index);
  encoder.Varint(row.used_at_ms);
  encoder.Varint(row.request.value);
  encoder.Varint(row.answered_below.value);
  encoder.Raw(row.answer);
  return value;
}

std::optional<SessionRow> ParseSessionRow(ByteView value) {
  Decoder decoder(value);
  SessionRow row;
  row.index = decoder.Varint();
  row.used_at_ms = decoder.Varint();
  row.request.value = decoder.Varint();
  row.answered_below.value = decoder.Varint();
  row.answer = decoder.rest();
  if (!decoder.ok() || row.answer.empty()) return std::nullopt;
  return row;
}

engine::KeyRange SessionRows() { return engine::KeyRange::OfPrefix(kPrefixView); }

}  // namespace beach::server
