// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace beach::server {

// A command as a client has sent it: its name, and what follows. Never empty.
using RespRequest = std::vector<Bytes>;

struct RespRequestLimits {
  std::uint64_t arguments_max = 131'072;  // the name included
  std::uint64_t bulk_size_max = std::uint64_t{16} << 20;
  std::uint64_t request_size_max = std::uint64_t{17} << 20;  // as it is on the wire
  std::uint64_t line_size_max = std::uint64_t{64} << 10;     // of an inline command
};
// What somebody may send who has not said who he is.
inline constexpr RespRequestLimits kStrangerLimits = {
    .arguments_max = 10, .bulk_size_max = 16384, .request_size_max = 65536, .line_size_max = 16384};

// Takes commands out of a stream that is split anywhere, trusting none of it: arrays of bulk
// strings, and inline commands (words on a line). A length is held against its limit before
// anything is kept for it, and memory follows what has arrived. Each byte is looked at once.
class RespRequestReader {
 public:
  explicit RespRequestReader(const RespRequestLimits& limits = {}) : limits_(limits) {}

  // For what is taken from now on.
  void SetLimits(const RespRequestLimits& limits) { limits_ = limits; }

  void Feed(ByteView bytes);
  // The next command; nothing: it has not come as a whole. kCorruption: this is no stream of
  // commands, and nothing more comes out; the message is for the client.
  Result<std::optional<RespRequest>> Next();

  // That were fed and not taken.
  std::uint64_t kept_bytes() const { return buffer_.size() - taken_ + arguments_bytes_; }

 private:
  Result<bool> Begin();
  Result<bool> TakeInline(ByteView line);
  Result<bool> TakeArguments();
  // Up to the end of a line of at most so many bytes, which is passed over; nothing: not here yet.
  Result<std::optional<ByteView>> TakeLine(std::uint64_t size_max, const char* too_long);
  std::unexpected<Error> Broken(const char* why);
  ByteView rest() const { return ByteView(buffer_).substr(taken_); }

  RespRequestLimits limits_;
  Bytes buffer_;
  std::size_t taken_ = 0;     // bytes of the buffer's front that are done with
  std::size_t searched_ = 0;  // behind them, without an end of a line
  const char* broken_ = nullptr;
  // Of the array that is being read.
  std::uint64_t missing_ = 0;  // arguments
  std::optional<std::uint64_t> bulk_size_;
  RespRequest arguments_;
  std::uint64_t arguments_bytes_ = 0;  // on the wire
};

// Words of a line as a shell has them: "..." with \n \r \t \b \a \xHH \" \\, and '...' with \'.
// Nothing: a quote is not closed, or something stands right behind it.
std::optional<RespRequest> SplitInline(ByteView line);

}  // namespace beach::server
