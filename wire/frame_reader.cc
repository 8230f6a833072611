// SPDX-License-Identifier: Apache-2.0
#include "wire/frame_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::wire {
namespace {

// What a stranger most likely is, for the message.
std::string WhoSpeaks(ByteView bytes) {
  if (bytes.starts_with("GET ") || bytes.starts_with("POST") || bytes.starts_with("HEAD")) {
    return "this is HTTP";
  }
  if (bytes.starts_with("\x16\x03")) return "this is TLS";
  if (bytes.starts_with("*") || bytes.starts_with("PING")) return "this is RESP";
  if (bytes.starts_with("BDB")) return "a version of the protocol that this program does not know";
  return "no frame begins with '" + Printable(bytes.substr(0, 4)) + "'";
}

}  // namespace

void FrameReader::Feed(ByteView bytes) {
  BEACH_CHECK(fed_.empty());
  fed_ = bytes;
}

Result<std::optional<Frame>> FrameReader::Next() {
  if (error_) {
    fed_ = {};
    return Fail(*error_);
  }
  auto frame = Take();
  if (!frame) {
    error_ = frame.error();
    fed_ = {};
    kept_.clear();
  }
  return frame;
}

Result<FrameReader::Header> FrameReader::ReadHeader(ByteView bytes) const {
  const char* const at = bytes.data();
  if (LoadFixed<std::uint32_t>(at) != kFrameMagic) {
    return Fail(ErrorCode::kRefused, "not a peer of ours: " + WhoSpeaks(bytes));
  }
  const auto crc = LoadFixed<std::uint32_t>(at + kFrameHeaderCrcOffset);
  if (crc != Crc32c(bytes.substr(0, kFrameHeaderCrcOffset))) {
    return Fail(ErrorCode::kCorruption, "bad checksum of a frame's header");
  }
  Header header;
  header.payload_size = LoadFixed<std::uint32_t>(at + kFrameLengthOffset);
  header.head.type = LoadFixed<std::uint16_t>(at + kFrameTypeOffset);
  header.head.flags = LoadFixed<std::uint16_t>(at + kFrameFlagsOffset);
  header.head.request = RequestId(LoadFixed<std::uint64_t>(at + kFrameRequestOffset));
  header.payload_crc = LoadFixed<std::uint32_t>(at + kFramePayloadCrcOffset);
  const std::string what = "a frame of type " + std::to_string(header.head.type);
  const std::optional<std::uint64_t> max = payload_max_(header.head.type);
  if (!max) return Fail(ErrorCode::kInvalidArgument, what + " where none may be");
  if (header.payload_size > *max) {
    return Fail(ErrorCode::kInvalidArgument,
                what + " announces " + std::to_string(header.payload_size) + " bytes; " +
                    std::to_string(*max) + " are the most that it may have");
  }
  return header;
}

bool FrameReader::Keep(std::uint64_t size) {
  const std::uint64_t missing = size - std::min<std::uint64_t>(size, kept_.size());
  const std::size_t taken = std::min<std::size_t>(missing, fed_.size());
  kept_.append(fed_.substr(0, taken));
  fed_.remove_prefix(taken);
  return kept_.size() >= size;
}

Result<std::optional<Frame>> FrameReader::Take() {
  if (std::exchange(given_, false)) {
    kept_.clear();
    header_.reset();
  }
  if (!header_) {
    const bool in_place = kept_.empty() && fed_.size() >= kFrameHeaderSize;
    if (!in_place && !Keep(kFrameHeaderSize)) {
      // A stranger is known by his first bytes: nobody waits for the rest of a header.
      const bool ours = kept_.size() < sizeof kFrameMagic ||
                        LoadFixed<std::uint32_t>(kept_.data()) == kFrameMagic;
      if (!ours) return Fail(ErrorCode::kRefused, "not a peer of ours: " + WhoSpeaks(kept_));
      return std::optional<Frame>();
    }
    BEACH_TRY_ASSIGN(header_, ReadHeader(in_place ? fed_ : ByteView(kept_)));
  }
  const std::uint64_t size = kFrameHeaderSize + header_->payload_size;
  ByteView whole;
  if (kept_.empty() && fed_.size() >= size) {
    whole = fed_.substr(0, size);
    fed_.remove_prefix(size);
  } else {
    if (!Keep(size)) return std::optional<Frame>();
    whole = kept_;
    given_ = true;
  }
  const Header header = *header_;
  if (!given_) header_.reset();
  const ByteView payload = whole.substr(kFrameHeaderSize);
  if (Crc32c(payload) != header.payload_crc) {
    return Fail(ErrorCode::kCorruption, "bad checksum of the payload of a frame of type " +
                                            std::to_string(header.head.type));
  }
  return Frame{.head = header.head, .payload = payload};
}

}  // namespace beach::wire
