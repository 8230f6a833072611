// SPDX-License-Identifier: Apache-2.0
#include "server/resp/reply_writer.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace beach::server {
namespace {

constexpr ByteView kEnd = "\r\n";

template <class Integer>
void AppendNumber(Integer value, Bytes& target) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  BEACH_CHECK(error == std::errc());
  target.append(text, end);
}

}  // namespace

void RespReplyWriter::Head(char type, std::uint64_t count) {
  target_.push_back(type);
  AppendNumber(count, target_);
  target_.append(kEnd);
}

void RespReplyWriter::Simple(ByteView text) {
  BEACH_CHECK(text.find_first_of("\r\n") == ByteView::npos);
  target_.push_back('+');
  target_.append(text);
  target_.append(kEnd);
}

void RespReplyWriter::Error(ByteView text) {
  target_.push_back('-');
  const std::size_t begin = target_.size();
  target_.append(text);
  std::replace_if(
      target_.begin() + static_cast<std::ptrdiff_t>(begin), target_.end(),
      [](char c) { return c == '\r' || c == '\n'; }, ' ');
  target_.append(kEnd);
}

void RespReplyWriter::Integer(std::int64_t value) {
  target_.push_back(':');
  AppendNumber(value, target_);
  target_.append(kEnd);
}

void RespReplyWriter::Bulk(ByteView bytes) {
  Head('$', bytes.size());
  target_.append(bytes);
  target_.append(kEnd);
}

void RespReplyWriter::BulkOrNull(const std::optional<Bytes>& bytes) {
  if (bytes) return Bulk(*bytes);
  Null();
}

void RespReplyWriter::Text(ByteView text) {
  if (version_ == RespVersion::kTwo) return Bulk(text);
  constexpr ByteView kKind = "txt:";
  Head('=', kKind.size() + text.size());
  target_.append(kKind);
  target_.append(text);
  target_.append(kEnd);
}

void RespReplyWriter::Null() {
  target_.append(version_ == RespVersion::kTwo ? "$-1\r\n" : "_\r\n");
}

void RespReplyWriter::NullArray() {
  target_.append(version_ == RespVersion::kTwo ? "*-1\r\n" : "_\r\n");
}

void RespReplyWriter::Bool(bool value) {
  if (version_ == RespVersion::kTwo) return Integer(value ? 1 : 0);
  target_.append(value ? "#t\r\n" : "#f\r\n");
}

void RespReplyWriter::Array(std::uint64_t count) { Head('*', count); }

void RespReplyWriter::Map(std::uint64_t pairs) {
  if (version_ == RespVersion::kTwo) return Head('*', pairs * 2);
  Head('%', pairs);
}

void RespReplyWriter::Set(std::uint64_t count) {
  Head(version_ == RespVersion::kTwo ? '*' : '~', count);
}

}  // namespace beach::server
