// SPDX-License-Identifier: Apache-2.0
#include "env/os/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "env/os/open_files.h"
#include "env/os/system_call.h"

namespace beach::env {
namespace {

struct Free {
  void operator()(char* memory) const { std::free(memory); }
};

std::uint64_t AlignDown(std::uint64_t value) { return value - value % kDirectAlignment; }
std::uint64_t AlignUp(std::uint64_t value) { return AlignDown(value + kDirectAlignment - 1); }

}  // namespace

PosixFile::PosixFile(std::shared_ptr<const Descriptor> descriptor, AsyncWriter& writer)
    : descriptor_(std::move(descriptor)), writer_(writer) {
  RegisterOpenFile(*this, descriptor_);
}

PosixFile::~PosixFile() { ForgetOpenFile(*this); }

Result<std::size_t> PosixFile::ReadAt(std::uint64_t offset, char* target, std::size_t length) {
  const std::uint64_t address = reinterpret_cast<std::uintptr_t>(target);
  const bool aligned = (offset | length | address) % kDirectAlignment == 0;
  if (descriptor_->direct() && !aligned) return ReadUnaligned(offset, target, length);
  return Read(offset, target, length);
}

Result<std::size_t> PosixFile::Read(std::uint64_t offset, char* target, std::size_t length) {
  std::size_t done = 0;
  while (done < length) {
    const ssize_t got = RetryOnSignal([&] {
      return ::pread(descriptor_->fd(), target + done, length - done,
                     static_cast<off_t>(offset + done));
    });
    if (got < 0) return Fail(descriptor_->Failure(errno, "read", offset + done));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
    // A direct read stops inside a block only at the end of file, and cannot go on from there.
    if (descriptor_->direct() && done % kDirectAlignment != 0) break;
  }
  BEACH_CHECK_LE(done, length);
  return done;
}

Result<std::size_t> PosixFile::ReadUnaligned(std::uint64_t offset, char* target,
                                             std::size_t length) {
  const std::uint64_t first = AlignDown(offset);
  const std::size_t span = AlignUp(offset + length) - first;
  const std::unique_ptr<char, Free> block(
      static_cast<char*>(std::aligned_alloc(kDirectAlignment, span)));
  BEACH_CHECK(block != nullptr);
  BEACH_TRY_ASSIGN(const std::size_t got, Read(first, block.get(), span));
  const std::size_t skip = offset - first;
  if (got <= skip) return 0;
  const std::size_t taken = std::min(length, got - skip);
  std::memcpy(target, block.get() + skip, taken);
  return taken;
}

Status PosixFile::WriteAt(std::uint64_t offset, ByteView data) {
  BEACH_TRY(descriptor_->CheckWrite(offset, data));
  return descriptor_->WriteAll(offset, data, false);  // a direct one is O_DSYNC as opened
}

Status PosixFile::Append(ByteView data) {
  BEACH_TRY_ASSIGN(const std::uint64_t size, Size());
  return WriteAt(size, data);
}

Result<std::unique_ptr<PendingWrite>> PosixFile::SubmitWrite(std::uint64_t offset, ByteView data) {
  BEACH_TRY(descriptor_->CheckWrite(offset, data));
  return writer_.Submit(descriptor_, offset, data);
}

Status PosixFile::Sync() {
  if (::fsync(descriptor_->fd()) != 0) return Fail(descriptor_->Failure(errno, "fsync"));
  return {};
}

Status PosixFile::SyncData() {
  if (::fdatasync(descriptor_->fd()) != 0) return Fail(descriptor_->Failure(errno, "fdatasync"));
  return {};
}

// Whatever it answers: what it could not begin is the sync's to do.
void PosixFile::BeginWriteBack(std::uint64_t offset, std::uint64_t length) {
  static_cast<void>(::sync_file_range(descriptor_->fd(), static_cast<off64_t>(offset),
                                      static_cast<off64_t>(length), SYNC_FILE_RANGE_WRITE));
}

Status PosixFile::Truncate(std::uint64_t size_bytes) {
  const int result =
      RetryOnSignal([&] { return ::ftruncate(descriptor_->fd(), static_cast<off_t>(size_bytes)); });
  if (result != 0) return Fail(descriptor_->Failure(errno, "truncate", size_bytes));
  return {};
}

Status PosixFile::Allocate(std::uint64_t size_bytes) {
  if (size_bytes == 0) return {};
  const int result = RetryOnSignal(
      [&] { return ::fallocate(descriptor_->fd(), 0, 0, static_cast<off_t>(size_bytes)); });
  if (result == 0) return {};
  if (errno != EOPNOTSUPP) return Fail(descriptor_->Failure(errno, "allocate", size_bytes));
  // This file system reserves nothing: give the size, and let a later write meet ENOSPC.
  BEACH_TRY_ASSIGN(const std::uint64_t size, Size());
  if (size < size_bytes) return Truncate(size_bytes);
  return {};
}

Result<std::uint64_t> PosixFile::Size() {
  struct stat about {};
  if (::fstat(descriptor_->fd(), &about) != 0) return Fail(descriptor_->Failure(errno, "stat"));
  return static_cast<std::uint64_t>(about.st_size);
}

}  // namespace beach::env
