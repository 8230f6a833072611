// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace beach::sim {

// "host:port" taken apart. Hosts of a simulation are addressed by their names.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// Nothing, where it is no address: without a port, or with one beyond 65535.
std::optional<Address> ParseAddress(const std::string& text);

// Whether a host of that name is meant by whoever speaks on it: by its name, or as every machine
// calls itself.
bool IsAddressOf(const Address& address, const std::string& host);

}  // namespace beach::sim
