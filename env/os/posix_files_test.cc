// SPDX-License-Identifier: Apache-2.0
#include "env/os/posix_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "env/conformance/expect.h"
#include "env/os/async_writer.h"

// What only Linux can show: failures of the kernel's, other processes, and which of the two ways
// an asynchronous write takes.

namespace beach::env {
namespace {

using conformance::FailsWith;
using conformance::FailsWithErrno;
using conformance::ReadFile;

class PosixFilesTest : public testing::TestWithParam<AsyncWrites> {
 protected:
  PosixFilesTest() {
    directory_ = testing::TempDir() + "beach_posix_XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
  }
  ~PosixFilesTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return JoinPath(directory_, name); }

  const std::unique_ptr<FileSystem> files_ = NewPosixFiles(GetParam());
  std::string directory_;
};

INSTANTIATE_TEST_SUITE_P(, PosixFilesTest,
                         testing::Values(AsyncWrites::kRing, AsyncWrites::kThreads),
                         [](const auto& way) {
                           return way.param == AsyncWrites::kRing ? "Ring" : "Workers";
                         });

// Lets files grow to `size_bytes` only, for a scope: the kernel then writes short, and fails next.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size_bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = size_bytes, .rlim_max = before_.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::abort();
    std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_P(PosixFilesTest, ShortWriteGoesOnAndReportsWhereItFailed) {
  const Bytes content(8'000, 'x');
  ASSERT_OK_ASSIGN(const auto plain, files_->Open(Path("plain"), {.mode = OpenMode::kCreate}));
  ASSERT_OK_ASSIGN(const auto async, files_->Open(Path("async"), {.mode = OpenMode::kCreate}));
  Status written;
  Status submitted;
  {
    const FileSizeLimit limit(5'000);
    written = plain->WriteAt(0, content);
    ASSERT_OK_ASSIGN(const auto pending, async->SubmitWrite(0, content));
    submitted = pending->Wait();
  }
  EXPECT_TRUE(FailsWithErrno(written, ErrorCode::kIo, Path("plain"), EFBIG));
  EXPECT_TRUE(FailsWithErrno(submitted, ErrorCode::kIo, Path("async"), EFBIG));
  EXPECT_EQ(written.error().offset(), 5'000U);
  EXPECT_EQ(submitted.error().offset(), 5'000U);
  EXPECT_EQ(plain->Size(), 5'000U);
  EXPECT_EQ(async->Size(), 5'000U);
}

TEST_P(PosixFilesTest, FullDeviceIsNoSpace) {
  ASSERT_OK_ASSIGN(const auto file, files_->Open("/dev/full", {.mode = OpenMode::kReadWrite}));
  EXPECT_TRUE(FailsWithErrno(file->WriteAt(0, "x"), ErrorCode::kNoSpace, "/dev/full", ENOSPC));
  const Bytes content = "x";
  ASSERT_OK_ASSIGN(const auto pending, file->SubmitWrite(0, content));
  EXPECT_TRUE(FailsWithErrno(pending->Wait(), ErrorCode::kNoSpace, "/dev/full", ENOSPC));
}

TEST_P(PosixFilesTest, WhatIsNoRegularFileIsRefusedWithoutWaiting) {
  const std::string pipe = Path("000009.wal");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
    EXPECT_TRUE(FailsWith(files_->Open(pipe, {.mode = mode}), ErrorCode::kRefused, pipe));
  }
  EXPECT_TRUE(FailsWith(files_->Open(directory_, {}), ErrorCode::kRefused, directory_));
  EXPECT_TRUE(FailsWith(files_->Open("/dev/null", {}), ErrorCode::kRefused, "/dev/null"));
}

TEST_P(PosixFilesTest, AnOpenFileBlocks) {
  ASSERT_OK(files_->Open(Path("a"), {.mode = OpenMode::kCreate}));
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
    ASSERT_OK_ASSIGN(const auto file, files_->Open(Path("a"), {.mode = mode}));
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
      if (target != Path("a")) continue;
      const int fd = std::stoi(entry.path().filename().string());
      EXPECT_EQ(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    }
  }
}

TEST_P(PosixFilesTest, WriteOutlivesItsFile) {
  ASSERT_OK_ASSIGN(auto file, files_->Open(Path("a"), {.mode = OpenMode::kCreate}));
  const Bytes content(100'000, 'x');
  ASSERT_OK_ASSIGN(const auto pending, file->SubmitWrite(0, content));
  file.reset();
  ASSERT_OK(pending->Wait());
  EXPECT_EQ(ReadFile(*files_, Path("a")), content);
}

TEST_P(PosixFilesTest, LockExcludesOtherProcessesAndDiesWithItsOwn) {
  const std::string path = Path("LOCK");
  int ready[2];
  int finish[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(finish), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // As beachdb would: locks, and is killed without releasing. Only plain calls in the child.
    const auto lock = files_->Lock(path);
    const char answer = lock.has_value() ? 'y' : 'n';
    char byte = 0;
    if (::write(ready[1], &answer, 1) != 1 || ::read(finish[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_TRUE(FailsWith(files_->Lock(path), ErrorCode::kBusy, path));
  ASSERT_EQ(::write(finish[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  ASSERT_OK(files_->Lock(path));
  for (const int fd : {ready[0], ready[1], finish[0], finish[1]}) ::close(fd);
}

TEST_P(PosixFilesTest, DescriptorsAreNotInheritedAndNotLeaked) {
  const auto open_count = [] {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
      ++count;
    }
    return count;
  };
  const std::size_t before = open_count();
  {
    ASSERT_OK_ASSIGN(const auto file, files_->Open(Path("a"), {.mode = OpenMode::kCreate}));
    ASSERT_OK_ASSIGN(const auto lock, files_->Lock(Path("LOCK")));
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
      if (!target.starts_with(directory_)) continue;
      const int fd = std::stoi(entry.path().filename().string());
      EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << target;
    }
    EXPECT_EQ(open_count(), before + 2);
    EXPECT_FALSE(files_->Open(Path("missing"), {}).has_value());
    EXPECT_FALSE(files_->Open(directory_, {}).has_value());
    EXPECT_FALSE(files_->Lock(Path("LOCK")).has_value());
    ASSERT_OK(files_->SyncDirectory(directory_));
    ASSERT_OK(files_->List(directory_));
    EXPECT_EQ(open_count(), before + 2);
  }
  EXPECT_EQ(open_count(), before);
}

TEST(RingWriter, MoreWritesThanTheRingHolds) {
  const std::unique_ptr<AsyncWriter> writer = NewRingWriter();
  if (writer == nullptr) GTEST_SKIP() << "the kernel refuses io_uring";
  std::string path = testing::TempDir() + "beach_ring_XXXXXX";
  const int fd = ::mkstemp(path.data());
  const auto file = std::make_shared<const Descriptor>(fd, path, false);
  const Bytes content(512, 'r');
  std::vector<std::unique_ptr<PendingWrite>> writes;
  for (std::uint64_t i = 0; i < 500; ++i) writes.push_back(writer->Submit(file, i * 512, content));
  for (const auto& write : writes) ASSERT_OK(write->Wait());
  EXPECT_EQ(std::filesystem::file_size(path), 500U * 512U);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace beach::env
