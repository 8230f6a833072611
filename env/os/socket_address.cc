// SPDX-License-Identifier: Apache-2.0
#include "env/os/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>

#include "base/check.h"

namespace beach::env {
namespace {

constexpr std::size_t kPortDigitsMax = 5;
constexpr unsigned kPortMax = 65'535;

bool IsPort(const std::string& text) {
  if (text.empty() || text.size() > kPortDigitsMax) return false;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  return std::stoul(text) <= kPortMax;
}

std::unexpected<Error> NoAddress(const std::string& text) {
  return Fail(ErrorCode::kInvalidArgument,
              "\"" + text + "\" is no address: use host:port, or [host]:port for IPv6");
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

int GetAddresses(const HostPort& address, int flags, AddressList* found) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failure = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
  found->reset(list);
  return failure;
}

SocketAddress Copied(const addrinfo& from) {
  SocketAddress address;
  BEACH_CHECK_LE(from.ai_addrlen, sizeof(address.storage));
  std::memcpy(&address.storage, from.ai_addr, from.ai_addrlen);
  address.length = from.ai_addrlen;
  return address;
}

}  // namespace

std::string SocketAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "?";
  if (storage.ss_family == AF_INET) {
    const auto* const four = reinterpret_cast<const sockaddr_in*>(&storage);
    ::inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
    return std::string(text) + ":" + std::to_string(ntohs(four->sin_port));
  }
  if (storage.ss_family != AF_INET6) return text;
  const auto* const six = reinterpret_cast<const sockaddr_in6*>(&storage);
  const std::string port = std::to_string(ntohs(six->sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {  // of a listener for both families
    ::inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, text, sizeof(text));
    return std::string(text) + ":" + port;
  }
  ::inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
  return "[" + std::string(text) + "]:" + port;
}

Result<HostPort> SplitAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return NoAddress(text);
  HostPort parts{.host = text.substr(0, colon), .port = text.substr(colon + 1)};
  const bool bracketed = parts.host.starts_with('[') && parts.host.ends_with(']');
  if (bracketed) parts.host = parts.host.substr(1, parts.host.size() - 2);
  const bool six = parts.host.find(':') != std::string::npos;
  if (parts.host.empty() || six != bracketed || !IsPort(parts.port)) return NoAddress(text);
  if (parts.host.find_first_of("[] /") != std::string::npos) return NoAddress(text);
  return parts;
}

std::optional<SocketAddress> NumericAddress(const HostPort& address) {
  AddressList found;
  if (GetAddresses(address, AI_NUMERICHOST, &found) != 0) return std::nullopt;
  return Copied(*found);
}

Result<std::vector<SocketAddress>> LookUp(const HostPort& address) {
  AddressList found;
  const int failure = GetAddresses(address, 0, &found);
  if (failure != 0) {
    return Fail(ErrorCode::kIo, "host " + address.host + ": " + ::gai_strerror(failure));
  }
  std::vector<SocketAddress> all;
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    all.push_back(Copied(*each));
  }
  return all;
}

std::string OsErrorText(int os_error) {
  const char* const known = ::strerrordesc_np(os_error);
  std::string text = known == nullptr ? "error " + std::to_string(os_error) : known;
  text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

}  // namespace beach::env
