// SPDX-License-Identifier: Apache-2.0
#include "env/os/descriptor.h"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "env/files.h"
#include "env/os/system_call.h"

namespace beach::env {
namespace {

bool Aligned(std::uint64_t value) { return value % kDirectAlignment == 0; }

}  // namespace

Descriptor::Descriptor(int fd, std::string path, bool direct)
    : fd_(fd), path_(std::move(path)), direct_(direct) {
  BEACH_CHECK(fd >= 0);
}

// Whatever close answers, the descriptor is gone; closing promises nothing about the data.
Descriptor::~Descriptor() { ::close(fd_); }

Status Descriptor::CheckWrite(std::uint64_t offset, ByteView data) const {
  if (!direct_) return {};
  const std::uint64_t address = reinterpret_cast<std::uintptr_t>(data.data());
  if (Aligned(offset) && Aligned(data.size()) && Aligned(address)) return {};
  return Fail(Error(ErrorCode::kInvalidArgument,
                    "direct write of " + std::to_string(data.size()) +
                        " bytes: offset, length and memory must be multiples of 4096")
                  .At(path_, offset));
}

Status Descriptor::WriteAll(std::uint64_t offset, ByteView data, bool durable) const {
  int flags = durable ? RWF_DSYNC : 0;
  while (!data.empty()) {
    const auto begin = static_cast<off_t>(offset);
    const iovec piece{.iov_base = const_cast<char*>(data.data()), .iov_len = data.size()};
    const ssize_t written = RetryOnSignal([&] {
      return flags == 0 ? ::pwrite(fd_, piece.iov_base, piece.iov_len, begin)
                        : ::pwritev2(fd_, &piece, 1, begin, flags);
    });
    if (written < 0 && errno == EOPNOTSUPP && flags != 0) {
      flags = 0;  // knows no flags: write plainly, and sync at the end
      continue;
    }
    if (written < 0) return Fail(Failure(errno, "write", offset));
    // A regular file that takes nothing has no room: the kernel says so only on the next attempt.
    if (written == 0) return Fail(Failure(ENOSPC, "write", offset));
    data.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  if (durable && flags == 0 && ::fdatasync(fd_) != 0) return Fail(Failure(errno, "fdatasync"));
  return {};
}

Error Descriptor::Failure(int os_error, const char* operation, std::uint64_t offset) const {
  return ErrnoError(os_error, operation, path_, offset);
}

}  // namespace beach::env
