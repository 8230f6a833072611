// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace beach::env {

// Where a socket is: what the kernel is given.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  // "10.0.0.1:7000", "[::1]:7000".
  std::string ToString() const;
};

// "host:port" in its two parts; the host without brackets, the port a number up to 65535.
struct HostPort {
  std::string host;
  std::string port;
};
Result<HostPort> SplitAddress(const std::string& text);

// Nothing where the host is a name.
std::optional<SocketAddress> NumericAddress(const HostPort& address);

// What a name stands for, by asking whoever knows: may block. kIo: nobody does.
Result<std::vector<SocketAddress>> LookUp(const HostPort& address);

// "connection refused", for errno ECONNREFUSED.
std::string OsErrorText(int os_error);

}  // namespace beach::env
