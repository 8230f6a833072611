// SPDX-License-Identifier: Apache-2.0
#include "server/resp/request_reader.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "base/check.h"

namespace beach::server {
namespace {

// Of "*123" and "$123".
constexpr std::uint64_t kHeaderSizeMax = 32;
// Behind a bulk string.
constexpr std::size_t kEndSize = 2;
// Taken bytes that are let go of together.
constexpr std::size_t kCompactAt = std::size_t{64} << 10;
// What an empty buffer keeps of its memory.
constexpr std::size_t kKeptMax = std::size_t{256} << 10;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; }

std::optional<std::int64_t> Number(ByteView text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes an escape of "..." off the line, which begins behind its backslash.
char Escaped(ByteView& line) {
  if (line.size() >= 3 && line[0] == 'x' && HexDigit(line[1]) >= 0 && HexDigit(line[2]) >= 0) {
    const char c = static_cast<char>(HexDigit(line[1]) * 16 + HexDigit(line[2]));
    line.remove_prefix(3);
    return c;
  }
  const char c = line.front();
  line.remove_prefix(1);
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// Takes what is quoted off the line, which begins behind the opening quote. False: it is not
// closed.
bool TakeQuoted(char quote, ByteView& line, Bytes& word) {
  while (!line.empty()) {
    const char c = line.front();
    line.remove_prefix(1);
    if (c == quote) return line.empty() || IsSpace(line.front());
    if (c == '\\' && !line.empty() && quote == '"') {
      word.push_back(Escaped(line));
    } else if (c == '\\' && !line.empty() && line.front() == '\'') {
      word.push_back('\'');
      line.remove_prefix(1);
    } else {
      word.push_back(c);
    }
  }
  return false;
}

}  // namespace

std::optional<RespRequest> SplitInline(ByteView line) {
  RespRequest words;
  while (true) {
    while (!line.empty() && IsSpace(line.front())) line.remove_prefix(1);
    if (line.empty()) return words;
    Bytes& word = words.emplace_back();
    while (!line.empty() && !IsSpace(line.front())) {
      const char c = line.front();
      line.remove_prefix(1);
      if (c != '"' && c != '\'') {
        word.push_back(c);
      } else if (!TakeQuoted(c, line, word)) {
        return std::nullopt;
      }
    }
  }
}

void RespRequestReader::Feed(ByteView bytes) {
  if (broken_ != nullptr) return;
  if (taken_ == buffer_.size() || taken_ >= kCompactAt) {
    buffer_.erase(0, taken_);
    taken_ = 0;
    if (buffer_.empty() && buffer_.capacity() > kKeptMax) Bytes().swap(buffer_);
  }
  buffer_.append(bytes);
}

std::unexpected<Error> RespRequestReader::Broken(const char* why) {
  broken_ = why;
  return Fail(ErrorCode::kCorruption, std::string("Protocol error: ") + why);
}

Result<std::optional<RespRequest>> RespRequestReader::Next() {
  if (broken_ != nullptr) return Broken(broken_);
  while (true) {
    if (missing_ == 0) {
      BEACH_TRY_ASSIGN(const bool begun, Begin());
      if (!begun) return std::optional<RespRequest>();
    }
    BEACH_TRY_ASSIGN(const bool whole, TakeArguments());
    if (!whole) return std::optional<RespRequest>();
    arguments_bytes_ = 0;
    if (!arguments_.empty()) return std::optional(std::exchange(arguments_, {}));
  }
}

// The head of an array, or an inline command as a whole: then nothing is missing. False: neither
// is here.
Result<bool> RespRequestReader::Begin() {
  if (rest().empty()) return false;
  const bool array = rest().front() == '*';
  const std::uint64_t size_max = array ? kHeaderSizeMax : limits_.line_size_max;
  BEACH_TRY_ASSIGN(
      const std::optional<ByteView> line,
      TakeLine(size_max, array ? "too big mbulk count string" : "too big inline request"));
  if (!line) return false;
  if (!array) return TakeInline(*line);
  const std::optional<std::int64_t> count = Number(line->substr(1));
  if (!count) return Broken("invalid multibulk length");
  if (*count > 0 && static_cast<std::uint64_t>(*count) > limits_.arguments_max) {
    return Broken("invalid multibulk length");
  }
  missing_ = *count > 0 ? static_cast<std::uint64_t>(*count) : 0;
  return true;
}

Result<bool> RespRequestReader::TakeInline(ByteView line) {
  std::optional<RespRequest> words = SplitInline(line);
  if (!words) return Broken("unbalanced quotes in request");
  if (words->size() > limits_.arguments_max) return Broken("too big inline request");
  arguments_ = *std::move(words);
  return true;
}

// False: some have not come.
Result<bool> RespRequestReader::TakeArguments() {
  while (missing_ > 0) {
    if (!bulk_size_) {
      if (rest().empty()) return false;
      if (rest().front() != '$') return Broken("expected '$'");
      BEACH_TRY_ASSIGN(const std::optional<ByteView> line,
                       TakeLine(kHeaderSizeMax, "too big bulk count string"));
      if (!line) return false;
      const std::optional<std::int64_t> size = Number(line->substr(1));
      if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > limits_.bulk_size_max) {
        return Broken("invalid bulk length");
      }
      arguments_bytes_ += line->size() + 1;
      bulk_size_ = static_cast<std::uint64_t>(*size);
      if (arguments_bytes_ + *bulk_size_ > limits_.request_size_max) {
        return Broken("too big request");
      }
    }
    if (rest().size() < *bulk_size_ + kEndSize) return false;
    if (rest().substr(*bulk_size_, kEndSize) != "\r\n") return Broken("expected an end of line");
    arguments_.emplace_back(rest().substr(0, *bulk_size_));
    arguments_bytes_ += *bulk_size_ + kEndSize;
    taken_ += *bulk_size_ + kEndSize;
    bulk_size_.reset();
    --missing_;
  }
  return true;
}

Result<std::optional<ByteView>> RespRequestReader::TakeLine(std::uint64_t size_max,
                                                            const char* too_long) {
  const std::size_t end = rest().find('\n', searched_);
  const std::size_t size = end == ByteView::npos ? rest().size() : end;
  if (size > size_max) return Broken(too_long);
  if (end == ByteView::npos) {
    searched_ = size;
    return std::optional<ByteView>();
  }
  searched_ = 0;
  ByteView line = rest().substr(0, size);
  taken_ += size + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::optional(line);
}

}  // namespace beach::server
