// SPDX-License-Identifier: Apache-2.0
#include "env/os/posix_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/check.h"
#include "env/os/async_writer.h"
#include "env/os/descriptor.h"
#include "env/os/posix_file.h"
#include "env/os/system_call.h"

namespace beach::env {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;

int OpenRetrying(const std::string& path, int flags) {
  return RetryOnSignal([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
}

// What a call that answers 0 or -1 means.
Status Outcome(int result, const char* operation, const std::string& path) {
  if (result == 0) return {};
  return Fail(ErrnoError(errno, operation, path));
}

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(std::unique_ptr<const Descriptor> descriptor)
      : descriptor_(std::move(descriptor)) {}

 private:
  const std::unique_ptr<const Descriptor> descriptor_;  // closing it releases the lock
};

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

class PosixFiles final : public FileSystem {
 public:
  explicit PosixFiles(std::unique_ptr<AsyncWriter> writer) : writer_(std::move(writer)) {
    BEACH_CHECK(writer_ != nullptr);
  }

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) override;
  Result<bool> Exists(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status CreateDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Result<std::uint64_t> FreeSpace(const std::string& path) override;

 private:
  const std::unique_ptr<AsyncWriter> writer_;
};

int OpenFlags(OpenOptions options) {
  const int durable = options.direct ? O_DSYNC : 0;
  switch (options.mode) {
    // Whatever has the name: opening a pipe must not wait for its other end.
    case OpenMode::kRead: return O_RDONLY | O_NONBLOCK | durable;
    case OpenMode::kReadWrite: return O_RDWR | O_NONBLOCK | durable;
    case OpenMode::kCreate: return O_RDWR | O_CREAT | O_EXCL | durable;
  }
  return O_RDONLY;
}

std::unexpected<Error> NotARegularFile(const std::string& path) {
  return Fail(Error(ErrorCode::kRefused, "open failed: not a regular file").At(path));
}

Result<std::unique_ptr<File>> PosixFiles::Open(const std::string& path, OpenOptions options) {
  const int fd = OpenRetrying(path, OpenFlags(options));
  if (fd < 0 && errno == ENXIO) return NotARegularFile(path);  // a socket, or no such device
  if (fd < 0) return Fail(ErrnoError(errno, "open", path));
  auto descriptor = std::make_shared<const Descriptor>(fd, path, options.direct);

  struct stat about {};
  if (::fstat(fd, &about) != 0) return Fail(ErrnoError(errno, "stat", path));
  // open(2) takes a directory for reading; a File is never one.
  if (S_ISDIR(about.st_mode)) return Fail(ErrnoError(EISDIR, "open", path));
  // A device may be written to, by who names it, but reading one may wait for ever.
  const bool device = S_ISCHR(about.st_mode) && options.mode != OpenMode::kRead;
  if (!S_ISREG(about.st_mode) && !device) return NotARegularFile(path);
  // For a file the flag would only make asynchronous calls fail that have to wait.
  if (!options.direct && options.mode != OpenMode::kCreate && ::fcntl(fd, F_SETFL, 0) != 0) {
    return Fail(ErrnoError(errno, "open", path));
  }

  // O_DIRECT goes on afterwards: open(2) would refuse it only after having created the file, and
  // could not tell us that it has.
  if (options.direct && ::fcntl(fd, F_SETFL, O_DIRECT) != 0) {
    const int os_error = errno;
    if (options.mode == OpenMode::kCreate) ::unlink(path.c_str());
    if (os_error != EINVAL) return Fail(ErrnoError(os_error, "open for direct I/O", path));
    return Fail(Error(ErrorCode::kUnsupported, "this file system has no direct I/O (O_DIRECT)")
                    .At(path)
                    .WithErrno(os_error));
  }
  return std::make_unique<PosixFile>(std::move(descriptor), *writer_);
}

Result<bool> PosixFiles::Exists(const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) == 0) return true;
  if (errno == ENOENT) return false;
  return Fail(ErrnoError(errno, "stat", path));
}

Status PosixFiles::Rename(const std::string& from, const std::string& to) {
  return Outcome(::rename(from.c_str(), to.c_str()), "rename", from);
}

Status PosixFiles::Link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  // The path that the error is about.
  return Fail(ErrnoError(errno, "link", errno == EEXIST ? to : from));
}

Status PosixFiles::Remove(const std::string& path) {
  return Outcome(::unlink(path.c_str()), "unlink", path);
}

Result<std::vector<std::string>> PosixFiles::List(const std::string& directory) {
  const std::unique_ptr<DIR, CloseDirectory> stream(::opendir(directory.c_str()));
  if (stream == nullptr) return Fail(ErrnoError(errno, "opendir", directory));
  std::vector<std::string> names;
  while (true) {
    errno = 0;  // the end of the directory and a failure are told apart by it alone
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return Fail(ErrnoError(errno, "readdir", directory));
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixFiles::CreateDirectory(const std::string& path) {
  return Outcome(::mkdir(path.c_str(), kDirectoryMode), "mkdir", path);
}

Status PosixFiles::RemoveDirectory(const std::string& path) {
  return Outcome(::rmdir(path.c_str()), "rmdir", path);
}

Status PosixFiles::SyncDirectory(const std::string& path) {
  const int fd = OpenRetrying(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return Fail(ErrnoError(errno, "open directory", path));
  const Descriptor directory(fd, path, false);
  return Outcome(::fsync(fd), "fsync directory", path);
}

Result<std::unique_ptr<FileLock>> PosixFiles::Lock(const std::string& path) {
  const int fd = OpenRetrying(path, O_RDWR | O_CREAT);
  if (fd < 0) return Fail(ErrnoError(errno, "open lock", path));
  auto descriptor = std::make_unique<const Descriptor>(fd, path, false);
  // flock belongs to the open file, not to the process: a second handle of this process is refused
  // like any other's.
  if (RetryOnSignal([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == 0) {
    return std::make_unique<PosixFileLock>(std::move(descriptor));
  }
  if (errno != EWOULDBLOCK) return Fail(ErrnoError(errno, "lock", path));
  return Fail(Error(ErrorCode::kBusy, "locked by another handle").At(path).WithErrno(EWOULDBLOCK));
}

Result<std::uint64_t> PosixFiles::FreeSpace(const std::string& path) {
  struct statvfs about {};
  if (::statvfs(path.c_str(), &about) != 0) return Fail(ErrnoError(errno, "statvfs", path));
  return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
}

}  // namespace

std::unique_ptr<FileSystem> NewPosixFiles(AsyncWrites async_writes) {
  std::unique_ptr<AsyncWriter> writer;
  if (async_writes == AsyncWrites::kRing) writer = NewRingWriter();
  if (writer == nullptr) writer = NewThreadWriter();
  return std::make_unique<PosixFiles>(std::move(writer));
}

}  // namespace beach::env
