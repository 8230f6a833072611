// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "engine/key_range.h"
#include "server/command/command.h"

// Sessions in tables: a row for each answer that may be asked for again. docs/formats/machine.md
// has them byte for byte.
//
// A request has the row of its number modulo kOutstandingMax: those that are not answered fit in
// side by side, and a new one takes the row of one that is. The row that was written last says what
// holds for the session as a whole, and stays: a row goes when a newer one has been written.

namespace beach::server {

// What the open of a session leaves: behind those of requests.
inline constexpr std::uint8_t kOpenSlot = kOutstandingMax;
inline std::uint8_t SlotOf(RequestNumber request) {
  return static_cast<std::uint8_t>(request.value % kOutstandingMax);
}

struct SessionRow {
  std::uint64_t index = 0;  // of the entry that wrote it
  std::uint64_t used_at_ms = 0;
  RequestNumber request = {};
  RequestNumber answered_below = {};  // the greatest that the session has said
  ByteView answer;                    // encoded
};

// 11 bytes, in the order of sessions, then slots.
Bytes SessionRowKey(SessionId session, std::uint8_t slot);
Bytes EncodeSessionRow(const SessionRow& row);
struct SessionRowPlace {
  SessionId session;
  std::uint8_t slot = 0;
};
// Nothing: damage. Views point into the bytes.
std::optional<SessionRowPlace> ParseSessionRowKey(ByteView key);
std::optional<SessionRow> ParseSessionRow(ByteView value);
// All rows of all sessions.
engine::KeyRange SessionRows();

}  // namespace beach::server
