// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace beach::server {

inline constexpr std::uint32_t kHttpHeaderBytesMax = 8192;

// A request without a body: all that is ever asked of a node.
struct HttpRequest {
  bool head = false;  // HEAD; else GET
  std::string path;   // without what stands behind a '?'
  bool keep_alive = false;
};
// Bytes that are no such request. After them nothing more is understood.
struct HttpRefusal {
  unsigned status = 400;
  std::string why;
};

// Requests in a stream of bytes, split anywhere. What it holds is bounded by what it is given while
// a request is not whole: at most the header's limit and one piece.
class HttpReader {
 public:
  HttpReader();
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;
  ~HttpReader();

  void Append(ByteView bytes) { buffer_ += bytes; }
  // The next request; nothing: it has not come yet. After a refusal it is not called again.
  std::optional<std::expected<HttpRequest, HttpRefusal>> Next();

 private:
  struct Parser;

  Bytes buffer_;  // behind what the parser has taken
  std::unique_ptr<Parser> parser_;
};

struct HttpAnswer {
  unsigned status = 200;
  const char* type = "text/plain; charset=utf-8";
  std::string body;
};

// As it goes out. Nothing may keep it, frame it, or take it for another type than it says.
Bytes EncodeHttpAnswer(const HttpAnswer& answer, bool head, bool keep_alive);

}  // namespace beach::server
