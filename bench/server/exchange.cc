// SPDX-License-Identifier: Apache-2.0
#include "bench/server/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace beach::bench {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kShownMax = 200;

std::unexpected<Error> Wrong(ByteView bytes) {
  return Fail(ErrorCode::kCorruption,
              fmt::format("a server replies '{}'", bytes.substr(0, kShownMax)));
}

class RespExchange final : public Exchange {
 public:
  void AppendPut(ByteView key, ByteView value, Bytes& target) const override {
    fmt::format_to(std::back_inserter(target), "*3\r\n$3\r\nSET\r\n${}\r\n{}\r\n${}\r\n{}\r\n",
                   key.size(), key, value.size(), value);
  }
  void AppendGet(ByteView key, Bytes& target) const override {
    fmt::format_to(std::back_inserter(target), "*2\r\n$3\r\nGET\r\n${}\r\n{}\r\n", key.size(), key);
  }
  Result<bool> IsWhole(ServerWork work, ByteView bytes) const override {
    const std::size_t end = bytes.find("\r\n");
    if (end == ByteView::npos) return false;
    if (work == ServerWork::kPut) {
      if (bytes != "+OK\r\n") return Wrong(bytes);
      return true;
    }
    if (bytes[0] != '$' || bytes[1] == '-') return Wrong(bytes);
    const std::uint64_t size = std::strtoull(Bytes(bytes.substr(1, end - 1)).c_str(), nullptr, 10);
    return bytes.size() == end + 2 + size + 2;
  }
};

class EtcdExchange final : public Exchange {
 public:
  void AppendPut(ByteView key, ByteView value, Bytes& target) const override {
    Append("put", fmt::format(R"({{"key":"{}","value":"{}"}})", Base64Of(key), Base64Of(value)),
           target);
  }
  void AppendGet(ByteView key, Bytes& target) const override {
    Append("range", fmt::format(R"({{"key":"{}"}})", Base64Of(key)), target);
  }
  Result<bool> IsWhole(ServerWork work, ByteView bytes) const override {
    static constexpr ByteView kEnd = "\r\n\r\n";
    static constexpr ByteView kLength = "\r\nContent-Length: ";
    const std::size_t end = bytes.find(kEnd);
    if (end == ByteView::npos) return false;
    if (!bytes.starts_with("HTTP/1.1 200 ")) return Wrong(bytes);
    const ByteView head = bytes.substr(0, end + 2);
    const ByteView body = bytes.substr(end + kEnd.size());
    const std::size_t length = head.find(kLength);
    if (length == ByteView::npos) {
      // Chunks, the last of which is empty; there is no line's end in such a body.
      if (!body.ends_with("\r\n0\r\n\r\n")) return false;
    } else {
      const Bytes number(head.substr(length + kLength.size(), kNumberMax));
      if (body.size() < std::strtoull(number.c_str(), nullptr, 10)) return false;
    }
    // A key that is not there has a reply without it.
    if (work == ServerWork::kGet && body.find("\"kvs\"") == ByteView::npos) return Wrong(bytes);
    return true;
  }

 private:
  static constexpr std::size_t kNumberMax = 20;
  static void Append(const char* what, const Bytes& body, Bytes& target) {
    fmt::format_to(std::back_inserter(target),
                   "POST /v3/kv/{} HTTP/1.1\r\nHost: etcd\r\nContent-Type: application/json\r\n"
                   "Content-Length: {}\r\n\r\n{}",
                   what, body.size(), body);
  }
};

}  // namespace

std::unique_ptr<Exchange> NewRespExchange() { return std::make_unique<RespExchange>(); }
std::unique_ptr<Exchange> NewEtcdExchange() { return std::make_unique<EtcdExchange>(); }

Bytes Base64Of(ByteView bytes) {
  Bytes text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(bytes.size() - at, 3);
    std::uint32_t three = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      three = three << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text.push_back(i <= count ? kDigits[three >> (18 - 6 * i) & 63] : '=');
    }
  }
  return text;
}

}  // namespace beach::bench
