// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/error.h"

namespace beach::env {

// An open file descriptor and what it was opened for. Immutable; closes when destroyed. An
// asynchronous write shares it with its file, so that closing the file first takes nothing away.
class Descriptor {
 public:
  Descriptor(int fd, std::string path, bool direct);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  bool direct() const { return direct_; }

  // kInvalidArgument for a write that a direct descriptor must refuse: offset, length and memory
  // are multiples of kDirectAlignment.
  Status CheckWrite(std::uint64_t offset, ByteView data) const;

  // Writes all of `data`, durably when it returns (RWF_DSYNC) if `durable`.
  Status WriteAll(std::uint64_t offset, ByteView data, bool durable) const;

  // The error for errno `os_error` of `operation` on this file.
  Error Failure(int os_error, const char* operation, std::uint64_t offset = Error::kNoOffset) const;

 private:
  const int fd_;
  const std::string path_;
  const bool direct_;
};

}  // namespace beach::env
