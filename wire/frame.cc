// SPDX-License-Identifier: Apache-2.0
#include "wire/frame.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::wire {

std::size_t BeginFrame(Bytes& target) {
  const std::size_t begin = target.size();
  target.resize(begin + kFrameHeaderSize);
  return begin;
}

void EndFrame(Bytes& target, std::size_t begin, const FrameHead& head) {
  BEACH_CHECK_LE(begin + kFrameHeaderSize, target.size());
  const ByteView payload = ByteView(target).substr(begin + kFrameHeaderSize);
  BEACH_CHECK_EQ(payload.size() >> 32, 0U);
  char* const header = target.data() + begin;
  StoreFixed(header, kFrameMagic);
  StoreFixed(header + kFrameLengthOffset, static_cast<std::uint32_t>(payload.size()));
  StoreFixed(header + kFrameTypeOffset, head.type);
  StoreFixed(header + kFrameFlagsOffset, head.flags);
  StoreFixed(header + kFrameRequestOffset, head.request.value);
  StoreFixed(header + kFramePayloadCrcOffset, Crc32c(payload));
  StoreFixed(header + kFrameHeaderCrcOffset, Crc32c(ByteView(header, kFrameHeaderCrcOffset)));
}

void AppendFrame(Bytes& target, const FrameHead& head, ByteView payload) {
  const std::size_t begin = BeginFrame(target);
  target.append(payload);
  EndFrame(target, begin, head);
}

}  // namespace beach::wire
