// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/snapshot_frame.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/site.h"
#include "base/variant.h"

namespace beach::raft {
namespace {

// Kind, transfer and key.
constexpr std::uint64_t kHeadSize = 1 + 8 + 8;
constexpr std::uint64_t kVarintMax = 10;
static_assert(kHeadSize + 16 + 2 * kVarintMax + kDescriptionBytesMax +
                  kSnapshotFilesMax * kVarintMax <=
              kSnapshotFrameBytesMax);
static_assert(kHeadSize + 12 + kVarintMax + kChunkBytesMax <= kSnapshotFrameBytesMax);

// The kind of a frame is the place of its body in SnapshotBody.
static_assert(std::is_same_v<std::variant_alternative_t<0, SnapshotBody>, SnapshotBegin>);
static_assert(std::is_same_v<std::variant_alternative_t<5, SnapshotBody>, SnapshotRefused>);

void Write(const SnapshotBegin& begin, Encoder& encoder) {
  BEACH_CHECK(Fits(begin));
  encoder.Fixed64(begin.index.value);
  encoder.Fixed64(begin.term.value);
  encoder.LengthPrefixed(begin.description);
  encoder.Varint(begin.sizes.size());
  for (const std::uint64_t size : begin.sizes) encoder.Varint(size);
}
void Write(const SnapshotChunk& chunk, Encoder& encoder) {
  BEACH_CHECK(!chunk.bytes.empty());
  BEACH_CHECK_LE(chunk.bytes.size(), kChunkBytesMax);
  encoder.Fixed64(chunk.place);
  encoder.Fixed32(chunk.file_crc);
  encoder.LengthPrefixed(chunk.bytes);
}
void Write(const SnapshotResume& resume, Encoder& encoder) { encoder.Fixed64(resume.place); }
void Write(const SnapshotHave& have, Encoder& encoder) { encoder.Fixed64(have.place); }
void Write(const SnapshotDone&, Encoder&) {}
void Write(const SnapshotRefused&, Encoder&) {}

template <std::size_t kKind>
void WriteKind(const SnapshotBody& body, Encoder& encoder) {
  if constexpr (kKind < std::variant_size_v<SnapshotBody>) {
    const auto* const written = std::get_if<kKind>(&body);
    if (written != nullptr) return Write(*written, encoder);
    WriteKind<kKind + 1>(body, encoder);
  }
}

bool Read(SnapshotBegin& begin, Decoder& decoder) {
  begin.index = LogIndex(decoder.Fixed64());
  begin.term = Term(decoder.Fixed64());
  begin.description = Bytes(decoder.LengthPrefixed());
  const std::uint64_t count = decoder.Varint();
  if (count > std::min<std::uint64_t>(kSnapshotFilesMax, decoder.rest().size())) return false;
  begin.sizes.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) begin.sizes.push_back(decoder.Varint());
  return Fits(begin);
}
bool Read(SnapshotChunk& chunk, Decoder& decoder) {
  chunk.place = decoder.Fixed64();
  chunk.file_crc = decoder.Fixed32();
  const ByteView bytes = decoder.LengthPrefixed();
  if (bytes.empty() || bytes.size() > kChunkBytesMax) return false;
  chunk.bytes = Bytes(bytes);
  return chunk.place <= kSnapshotBytesMax;
}
bool Read(SnapshotResume& resume, Decoder& decoder) {
  resume.place = decoder.Fixed64();
  return resume.place <= kSnapshotBytesMax;
}
bool Read(SnapshotHave& have, Decoder& decoder) {
  have.place = decoder.Fixed64();
  return have.place <= kSnapshotBytesMax;
}
bool Read(SnapshotDone&, Decoder&) { return true; }
bool Read(SnapshotRefused&, Decoder&) { return true; }

template <std::size_t kKind>
bool ReadKind(std::size_t kind, SnapshotBody& body, Decoder& decoder) {
  if constexpr (kKind == std::variant_size_v<SnapshotBody>) {
    return false;
  } else {
    if (kind != kKind) return ReadKind<kKind + 1>(kind, body, decoder);
    body = SnapshotBody(std::in_place_index<kKind>);
    return Read(*std::get_if<kKind>(&body), decoder);
  }
}

}  // namespace

std::uint64_t TotalOf(const std::vector<std::uint64_t>& sizes) {
  std::uint64_t total = 0;
  for (const std::uint64_t size : sizes) total += size;
  return total;
}

bool Fits(const SnapshotBegin& begin) {
  if (begin.description.size() > kDescriptionBytesMax) return false;
  if (begin.sizes.size() > kSnapshotFilesMax) return false;
  std::uint64_t total = 0;
  for (const std::uint64_t size : begin.sizes) {
    if (size == 0 || size > kSnapshotBytesMax - total) return false;
    total += size;
  }
  return true;
}

SnapshotKey KeyOf(const SnapshotBegin& begin) {
  std::uint64_t key = Mix64(begin.index.value) ^ Site::Hash(begin.description);
  key = Mix64(key) ^ begin.term.value;
  for (const std::uint64_t size : begin.sizes) key = Mix64(key) ^ size;
  return SnapshotKey(std::max<std::uint64_t>(Mix64(key), 1));
}

void EncodeSnapshotFrame(const SnapshotFrame& frame, Bytes& target) {
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(frame.body.index()));
  encoder.Fixed64(frame.transfer.value);
  encoder.Fixed64(frame.key.value);
  Visit([&](const auto& body) { Write(body, encoder); }, frame.body);
}

Result<SnapshotFrame> DecodeSnapshotFrame(ByteView payload) {
  Decoder decoder(payload);
  SnapshotFrame frame;
  const std::size_t kind = decoder.Fixed8();
  frame.transfer = SnapshotId(decoder.Fixed64());
  frame.key = SnapshotKey(decoder.Fixed64());
  bool good = decoder.ok() && ReadKind<0>(kind, frame.body, decoder) && decoder.done();
  if (good && kind == 0) good = KeyOf(As<SnapshotBegin>(frame.body)) == frame.key;
  if (good) return frame;
  return Fail(ErrorCode::kCorruption,
              "no frame of a snapshot's transfer in " + std::to_string(payload.size()) + " bytes");
}

}  // namespace beach::raft
