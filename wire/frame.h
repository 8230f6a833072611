// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/strong_id.h"

// The unit of what nodes and clients say to each other on a byte stream: docs/formats/frame.md.
//
// | offset | size | field                                                        |
// |--------|------|--------------------------------------------------------------|
// | 0      | 4    | "BDB1": what this is, and the version of the header          |
// | 4      | 4    | bytes of payload                                             |
// | 8      | 2    | type: what the payload means                                 |
// | 10     | 2    | flags, by type; those that a reader does not know are ignored |
// | 12     | 8    | request: ties an answer to what was asked                    |
// | 20     | 4    | CRC32C of the payload                                        |
// | 24     | 4    | CRC32C of the 24 bytes before                                |
//
// The header is checked before its length is believed. All numbers are little-endian.

namespace beach::wire {

inline constexpr std::uint32_t kFrameMagic = 0x31424442;  // "BDB1"
inline constexpr std::size_t kFrameHeaderSize = 28;
inline constexpr std::size_t kFrameLengthOffset = 4;
inline constexpr std::size_t kFrameTypeOffset = 8;
inline constexpr std::size_t kFrameFlagsOffset = 10;
inline constexpr std::size_t kFrameRequestOffset = 12;
inline constexpr std::size_t kFramePayloadCrcOffset = 20;
inline constexpr std::size_t kFrameHeaderCrcOffset = 24;
static_assert(kFrameHeaderCrcOffset + sizeof(std::uint32_t) == kFrameHeaderSize);

// Chosen by who asks, unique on its connection while the answer is out; 0: no answer is expected.
using RequestId = StrongId<struct RequestIdTag>;

struct FrameHead {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  RequestId request;
};

// A frame as it was read. The payload is borrowed.
struct Frame {
  FrameHead head;
  ByteView payload;
};

// Appends a frame. REQUIRES: the payload is shorter than 4 GiB.
void AppendFrame(Bytes& target, const FrameHead& head, ByteView payload);

// The same for a payload that is made in place: append it between the two calls. Begin returns
// where the frame begins in `target`, which End wants back.
std::size_t BeginFrame(Bytes& target);
void EndFrame(Bytes& target, std::size_t begin, const FrameHead& head);

}  // namespace beach::wire
