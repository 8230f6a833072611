// SPDX-License-Identifier: Apache-2.0
#include "sim/network/address.h"

#include <charconv>

namespace beach::sim {

std::optional<Address> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
  Address address;
  address.host = text.substr(0, colon);
  const bool bracketed = address.host.starts_with('[') && address.host.ends_with(']');
  if (!bracketed && address.host.find(':') != std::string::npos) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || last != end) return std::nullopt;
  return address;
}

bool IsAddressOf(const Address& address, const std::string& host) {
  return address.host == host || address.host == "localhost" || address.host == "127.0.0.1" ||
         address.host == "0.0.0.0" || address.host == "[::]" || address.host == "[::1]";
}

}  // namespace beach::sim
