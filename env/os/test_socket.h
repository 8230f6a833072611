// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "env/os/socket_address.h"
#include "env/os/system_call.h"

namespace beach::env {

// A plain blocking socket, connected to a listener of this machine: the peer that a loop's own
// connections cannot be. Waits at most ten seconds for anything.
class TestSocket {
 public:
  explicit TestSocket(const std::string& address) {
    const auto parts = SplitAddress(address);
    if (!parts) std::abort();
    const auto to = NumericAddress(*parts);
    if (!to) std::abort();
    fd_ = ::socket(to->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (::connect(fd_, to->get(), to->length) == 0 || (errno == EINTR && Connects())) return;
    std::perror("connect");  // EADDRNOTAVAIL: this machine has no port left
    std::abort();
  }
  ~TestSocket() { Close(); }
  TestSocket(TestSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TestSocket& operator=(TestSocket&&) = delete;

  int fd() const { return fd_; }

  bool Send(ByteView bytes) const {
    return RetryOnSignal([&] { return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }) ==
           static_cast<ssize_t>(bytes.size());
  }
  // What one call brings; nothing at the end of the stream, and on failure.
  Bytes Receive() const {
    Bytes bytes(1 << 16, '\0');
    const ssize_t got = RetryOnSignal([&] { return ::recv(fd_, bytes.data(), bytes.size(), 0); });
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  bool HasInput() const {
    pollfd about{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&about, 1, 0) == 1;
  }
  // Of those that carried data.
  std::uint32_t segments_received() const {
    tcp_info about{};
    socklen_t length = sizeof(about);
    if (::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &about, &length) != 0) std::abort();
    return about.tcpi_data_segs_in;
  }

  void EndSending() const { ::shutdown(fd_, SHUT_WR); }
  // As a process does that crashed in a hurry: RST instead of FIN.
  void Reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    Close();
  }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  // The completion of a write on a ring may interrupt the thread that waits; the connection comes
  // about all the same.
  bool Connects() const {
    constexpr int kPatienceMs = 10'000;
    pollfd about{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (RetryOnSignal([&] { return ::poll(&about, 1, kPatienceMs); }) != 1) return false;
    int failure = 0;
    socklen_t length = sizeof(failure);
    return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 && failure == 0;
  }

  int fd_ = -1;
};

}  // namespace beach::env
