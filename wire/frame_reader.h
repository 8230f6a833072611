// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/frame.h"

namespace beach::wire {

// Takes frames out of a byte stream that is split anywhere. Not thread-safe.
//
//   reader.Feed(bytes);
//   for (;;) {
//     BEACH_TRY_ASSIGN(const std::optional<Frame> frame, reader.Next());
//     if (!frame) break;
//     ...
//   }
//
// A whole frame in one piece is not copied. What is kept of an unfinished one is never more than
// has arrived of it, nor than its type may be long.
class FrameReader {
 public:
  // How long a payload of that type may be at this place of the stream; nothing: no frame of that
  // type may stand here. Asked once for each header, before anything behind it is kept.
  using PayloadMax = std::function<std::optional<std::uint64_t>(std::uint16_t type)>;

  explicit FrameReader(PayloadMax payload_max) : payload_max_(std::move(payload_max)) {}

  // What arrived. Borrowed until Next has returned nothing. REQUIRES: it has, since the last Feed.
  void Feed(ByteView bytes);

  // The next frame, whose payload lives until the next call; nothing where it is not whole yet. An
  // error is the end of the stream, and comes again: kRefused (not this protocol, or a version that
  // this one does not know), kInvalidArgument (of a type that may not be here, or longer than that
  // may be), kCorruption (a checksum).
  Result<std::optional<Frame>> Next();

  // Of an unfinished frame.
  std::uint64_t kept_bytes() const { return kept_.size(); }

 private:
  struct Header {
    FrameHead head;
    std::uint64_t payload_size = 0;
    std::uint32_t payload_crc = 0;
  };

  Result<Header> ReadHeader(ByteView bytes) const;
  Result<std::optional<Frame>> Take();
  // Moves up to so many bytes behind what is kept; false where there were fewer.
  bool Keep(std::uint64_t size);

  const PayloadMax payload_max_;
  ByteView fed_;
  Bytes kept_;                    // of the unfinished frame, from its first byte
  std::optional<Header> header_;  // of it, once that is whole
  bool given_ = false;            // kept_ is the frame that was given last
  std::optional<Error> error_;
};

}  // namespace beach::wire
