// SPDX-License-Identifier: Apache-2.0
#include "crash/power/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace beach::crash {
namespace {

constexpr int kBacklog = 16;

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Fail(Error(ErrorCode::kInvalidArgument,
                      "the path of a socket has 1 to " +
                          std::to_string(sizeof(address.sun_path) - 1) + " bytes")
                    .At(path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Takes the name of a socket that nobody listens at.
Status RemoveDead(const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return {};
    return Fail(ErrnoError(errno, "stat", path));
  }
  if (!S_ISSOCK(about.st_mode)) {
    return Fail(Error(ErrorCode::kAlreadyExists, "there is something else than a socket").At(path));
  }
  if (ConnectTo(path)) {
    return Fail(Error(ErrorCode::kBusy, "another mount listens at this socket").At(path));
  }
  if (::unlink(path.c_str()) != 0) return Fail(ErrnoError(errno, "unlink", path));
  return {};
}

}  // namespace

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) ::close(fd_);
}

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Result<OwnedFd> ListenAt(const std::string& path) {
  BEACH_TRY_ASSIGN(const sockaddr_un address, AddressOf(path));
  BEACH_TRY(RemoveDead(path));
  OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return Fail(ErrnoError(errno, "socket", path));
  if (::bind(socket.get(), Generic(address), sizeof(address)) != 0) {
    return Fail(ErrnoError(errno, "bind", path));
  }
  if (::listen(socket.get(), kBacklog) != 0) return Fail(ErrnoError(errno, "listen", path));
  return socket;
}

Result<OwnedFd> ConnectTo(const std::string& path) {
  BEACH_TRY_ASSIGN(const sockaddr_un address, AddressOf(path));
  OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return Fail(ErrnoError(errno, "socket", path));
  if (::connect(socket.get(), Generic(address), sizeof(address)) == 0) return socket;
  if (errno != ECONNREFUSED) return Fail(ErrnoError(errno, "connect", path));
  return Fail(Error(ErrorCode::kRefused, "nobody listens at this socket").At(path));
}

}  // namespace beach::crash
