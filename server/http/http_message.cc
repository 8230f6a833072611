// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_message.h"

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace beach::server {
namespace {

namespace http = boost::beast::http;
using BoostError = boost::beast::error_code;

HttpRefusal RefusalOf(const BoostError& error) {
  if (error == http::error::header_limit) return {.status = 431, .why = "the header is too large"};
  if (error == http::error::bad_version) return {.status = 505, .why = "HTTP/1.1 is spoken here"};
  return {.status = 400, .why = "this is no request"};
}

}  // namespace

struct HttpReader::Parser {
  Parser() {
    request.header_limit(kHttpHeaderBytesMax);
    request.body_limit(boost::none);  // a body is refused whatever its size
  }
  http::request_parser<http::empty_body> request;
};

HttpReader::HttpReader() : parser_(std::make_unique<Parser>()) {}
HttpReader::~HttpReader() = default;

std::optional<std::expected<HttpRequest, HttpRefusal>> HttpReader::Next() {
  auto& parser = parser_->request;
  while (!parser.is_header_done()) {
    if (buffer_.empty()) return std::nullopt;
    BoostError error;
    const std::size_t taken =
        parser.put(boost::asio::buffer(buffer_.data(), buffer_.size()), error);
    buffer_.erase(0, taken);
    if (error == http::error::need_more) {
      if (buffer_.size() <= kHttpHeaderBytesMax) return std::nullopt;
      error = http::error::header_limit;
    }
    if (error) return std::unexpected(RefusalOf(error));
  }
  const auto& message = parser.get();
  if (message.method() != http::verb::get && message.method() != http::verb::head) {
    return std::unexpected(HttpRefusal{.status = 405, .why = "only GET and HEAD are served"});
  }
  if (!parser.is_done()) {
    return std::unexpected(HttpRefusal{.status = 413, .why = "a request has no body here"});
  }
  HttpRequest request;
  request.head = message.method() == http::verb::head;
  const auto target = message.target();
  request.path.assign(target.data(), target.size());
  request.path.resize(std::min(request.path.find('?'), request.path.size()));
  request.keep_alive = message.keep_alive();
  parser_ = std::make_unique<Parser>();
  return request;
}

Bytes EncodeHttpAnswer(const HttpAnswer& answer, bool head, bool keep_alive) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
  response.set(http::field::content_type, answer.type);
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(keep_alive);
  response.body() = answer.body;
  response.prepare_payload();
  http::response_serializer<http::string_body> serializer(response);
  Bytes bytes;
  BoostError error;
  while (!(head ? serializer.is_header_done() : serializer.is_done()) && !error) {
    serializer.split(head);
    serializer.next(error, [&](BoostError&, const auto& buffers) {
      std::size_t size = 0;
      for (const auto& part : boost::beast::buffers_range_ref(buffers)) {
        bytes.append(static_cast<const char*>(part.data()), part.size());
        size += part.size();
      }
      serializer.consume(size);
    });
  }
  return bytes;
}

}  // namespace beach::server
