// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/resp_reply.h"

#include <charconv>
#include <cstdint>
#include <utility>

namespace beach::sim::scenarios {
namespace {

// What stands up to the next line's end, and behind it; nothing: it has not come.
std::optional<ByteView> TakeLine(ByteView& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == ByteView::npos) return std::nullopt;
  const ByteView line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::optional<RespReply> Take(ByteView& rest, bool& broken) {
  const std::optional<ByteView> line = TakeLine(rest);
  if (!line) return std::nullopt;
  if (line->empty()) return broken = true, std::nullopt;
  RespReply reply{.type = line->front(), .text = {}, .parts = {}};
  const ByteView text = line->substr(1);
  if (reply.type == '+' || reply.type == '-' || reply.type == ':') {
    reply.text = Bytes(text);
    return reply;
  }
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool sound = error == std::errc() && end == text.data() + text.size() && count >= -1;
  if (!sound || (reply.type != '$' && reply.type != '*')) return broken = true, std::nullopt;
  reply.is_null = count == -1;
  if (reply.is_null) return reply;
  const auto size = static_cast<std::size_t>(count);
  if (reply.type == '$') {
    if (rest.size() < size + 2) return std::nullopt;
    reply.text = Bytes(rest.substr(0, size));
    rest.remove_prefix(size);
    if (!rest.starts_with("\r\n")) return broken = true, std::nullopt;
    rest.remove_prefix(2);
    return reply;
  }
  for (std::size_t i = 0; i < size; ++i) {
    std::optional<RespReply> part = Take(rest, broken);
    if (!part) return std::nullopt;
    reply.parts.push_back(*std::move(part));
  }
  return reply;
}

}  // namespace

std::optional<RespReply> TakeRespReply(Bytes& bytes, bool& broken) {
  ByteView rest = bytes;
  std::optional<RespReply> reply = Take(rest, broken);
  if (reply) bytes.erase(0, bytes.size() - rest.size());
  return reply;
}

Bytes RespCommand(const std::vector<Bytes>& words) {
  Bytes command = "*" + std::to_string(words.size()) + "\r\n";
  for (const Bytes& word : words) {
    command += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return command;
}

}  // namespace beach::sim::scenarios
