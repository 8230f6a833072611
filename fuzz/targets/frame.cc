// SPDX-License-Identifier: Apache-2.0
// A stream of frames, split as its first byte says. The split changes nothing that is read; what is
// read, written again, is what there was; and memory follows what has arrived.
#include "wire/frame.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "fuzz/targets/targets.h"
#include "wire/frame_reader.h"

namespace beach::fuzz {
namespace {

using wire::Frame;
using wire::FrameReader;
using wire::kFrameHeaderSize;

constexpr std::size_t kSizeMax = 4096;

std::uint64_t PayloadMax(std::uint16_t type) { return type % 8 == 7 ? 4 : kSizeMax; }

struct Outcome {
  Bytes frames;  // encoded again
  std::optional<ErrorCode> error;
};

// Pieces of up to `piece_max` bytes, or all in one with 0.
Outcome Read(ByteView stream, std::uint64_t piece_max) {
  Outcome outcome;
  FrameReader reader(PayloadMax);
  RandomStream pieces(piece_max);
  std::size_t fed = 0;
  while (fed < stream.size() && !outcome.error) {
    const std::size_t left = stream.size() - fed;
    const std::size_t piece =
        piece_max == 0 ? left : std::min<std::size_t>(left, 1 + pieces.Below(piece_max));
    reader.Feed(stream.substr(fed, piece));
    fed += piece;
    for (;;) {
      const Result<std::optional<Frame>> frame = reader.Next();
      if (!frame) outcome.error = frame.error().code();
      if (!frame || !*frame) break;
      BEACH_CHECK_LE((*frame)->payload.size(), PayloadMax((*frame)->head.type));
      wire::AppendFrame(outcome.frames, (*frame)->head, (*frame)->payload);
    }
    BEACH_CHECK_LE(reader.kept_bytes(), fed);
  }
  return outcome;
}

void Run(ByteView input) {
  if (input.empty()) return;
  const std::uint64_t piece_max = static_cast<unsigned char>(input.front());
  const ByteView stream = input.substr(1);
  const Outcome whole = Read(stream, 0);
  const Outcome split = Read(stream, 1 + piece_max);
  BEACH_CHECK(whole.frames == split.frames);
  BEACH_CHECK(whole.error == split.error);
  BEACH_CHECK(stream.starts_with(whole.frames));
}

void Seal(Bytes& input) {
  std::size_t at = 1;
  while (at + kFrameHeaderSize <= input.size()) {
    char* const header = input.data() + at;
    StoreFixed(header, wire::kFrameMagic);
    const std::size_t left = input.size() - at - kFrameHeaderSize;
    const auto announced = LoadFixed<std::uint32_t>(header + wire::kFrameLengthOffset);
    const std::size_t size = std::min<std::size_t>(announced, left);
    const ByteView payload(header + kFrameHeaderSize, size);
    StoreFixed(header + wire::kFramePayloadCrcOffset, Crc32c(payload));
    StoreFixed(header + wire::kFrameHeaderCrcOffset,
               Crc32c(ByteView(header, wire::kFrameHeaderCrcOffset)));
    at += kFrameHeaderSize + size;
  }
}

}  // namespace

const Target frame_target = {.name = "frame", .run = Run, .seal = Seal, .size_max = kSizeMax};

}  // namespace beach::fuzz
