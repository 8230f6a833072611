// SPDX-License-Identifier: Apache-2.0
#include "crash/protocol/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "crash/protocol/message.h"

namespace beach::crash {

Result<std::optional<std::string>> LineReader::Next() {
  for (;;) {
    if (std::optional<std::string> line = Take()) return line;
    BEACH_TRY_ASSIGN(const bool more, Fill());
    if (!more) return std::optional<std::string>();
  }
}

std::optional<std::string> LineReader::Take() {
  const std::size_t end = buffer_.find('\n', scanned_);
  scanned_ = buffer_.size();
  if (end == std::string::npos) return std::nullopt;
  std::string line = buffer_.substr(begin_, end - begin_);
  begin_ = end + 1;
  scanned_ = begin_;
  return line;
}

Result<bool> LineReader::Fill() {
  constexpr std::size_t kPieceSize = std::size_t{64} << 10;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  if (buffer_.size() > kLineSizeMax) {
    return Fail(ErrorCode::kInvalidArgument, "a line of more than 64 MiB");
  }
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kPieceSize);
  ssize_t length = 0;
  do {
    length = ::read(descriptor_, buffer_.data() + before, kPieceSize);
  } while (length < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(before + (length > 0 ? static_cast<std::size_t>(length) : 0));
  if (length < 0) {
    return Fail(Error(ErrorCode::kIo, "reading a pipe failed").WithErrno(error));
  }
  return length > 0;
}

}  // namespace beach::crash
