// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/frame.h"
#include "wire/frame_reader.h"

// Frames as values, for tests.

namespace beach::wire::testing {

struct Said {
  std::uint16_t type = 0;
  std::uint64_t request = 0;
  std::string payload;
  friend bool operator==(const Said&, const Said&) = default;
};

inline Bytes FrameOf(const Said& said) {
  Bytes bytes;
  AppendFrame(bytes, {.type = said.type, .flags = 0, .request = RequestId(said.request)},
              said.payload);
  return bytes;
}

// The header of a frame with so many bytes of payload, of which none has come yet.
inline Bytes HeaderOf(std::uint16_t type, std::uint64_t size) {
  return FrameOf({.type = type, .request = 0, .payload = std::string(size, 'x')})
      .substr(0, kFrameHeaderSize);
}

// REQUIRES: whole frames.
inline std::vector<Said> FramesOf(ByteView bytes) {
  FrameReader reader([](std::uint16_t) { return std::numeric_limits<std::uint64_t>::max(); });
  std::vector<Said> said;
  reader.Feed(bytes);
  for (;;) {
    const auto frame = reader.Next();
    BEACH_CHECK(frame.has_value());
    if (!*frame) break;
    said.push_back({.type = (*frame)->head.type,
                    .request = (*frame)->head.request.value,
                    .payload = std::string((*frame)->payload)});
  }
  BEACH_CHECK_EQ(reader.kept_bytes(), 0U);
  return said;
}

}  // namespace beach::wire::testing
