// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace beach::crash {

// A file descriptor of this process, closed with its owner.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd();
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;

  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// A stream socket that listens at `path`. One that nobody listens at any more is replaced. kBusy:
// somebody does; kInvalidArgument: the path is too long for a socket; kAlreadyExists: it names
// something else; kIo.
Result<OwnedFd> ListenAt(const std::string& path);
// kNotFound, kRefused: nobody listens there; kInvalidArgument as above; kIo.
Result<OwnedFd> ConnectTo(const std::string& path);

}  // namespace beach::crash
