// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "env/conformance/expect.h"
#include "env/memory/memory_files.h"
#include "env/os/test_loop.h"
#include "env/os/test_socket.h"

// The loop where the process or the disk has no more to give, and what it holds itself.

namespace beach::env {
namespace {

using conformance::FailsWithErrno;
using conformance::Fixture;

class ScopedLimit {
 public:
  ScopedLimit(decltype(RLIMIT_NOFILE) resource, rlim_t value) : resource_(resource) {
    ::getrlimit(resource_, &before_);
    const rlimit limit{.rlim_cur = value, .rlim_max = before_.rlim_max};
    if (::setrlimit(resource_, &limit) != 0) std::abort();
  }
  ~ScopedLimit() { ::setrlimit(resource_, &before_); }
  ScopedLimit(const ScopedLimit&) = delete;
  ScopedLimit& operator=(const ScopedLimit&) = delete;

 private:
  const decltype(RLIMIT_NOFILE) resource_;
  rlimit before_{};
};

// The process gets no more descriptors, for a scope.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() : limit_(RLIMIT_NOFILE, NextDescriptor()) {}

 private:
  static rlim_t NextDescriptor() {
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    return static_cast<rlim_t>(next);
  }
  const ScopedLimit limit_;
};

// UBSan asks for a pipe when it meets a type for the first time: let it meet them before.
void UseOnce(Fixture& world) {
  Pair pair(world);
  EXPECT_TRUE(pair.Connect());
  pair.client.connection->Close();
  EXPECT_TRUE(pair.RunUntilClosed());
  ASSERT_OK_ASSIGN(const std::string dead, conformance::DeadAddress(*pair.loop, pair.host));
  End failed;
  failed.connection = pair.loop->Connect(dead, {}, failed.Recorders());
  EXPECT_TRUE(pair.loop.RunUntil([&] { return !failed.closed.empty(); }));
  EXPECT_TRUE(failed.IsClosed(CloseReason::kConnectFailed));
}

std::uint64_t ProcessorTime() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(used.tv_nsec);
}

TEST_F(OsLoopTest, AcceptWaitsForDescriptorsWithoutSpinning) {
  UseOnce(world_);
  const auto listener = Listen();
  const TestSocket first(listener->address());
  const TestSocket second(listener->address());
  {
    const NoMoreDescriptors none;
    const std::uint64_t begin = ProcessorTime();
    loop_.RunFor(400 * kMillisecond);
    EXPECT_TRUE(ends_.empty());
    EXPECT_LT(ProcessorTime() - begin, 200 * kMillisecond);
  }
  EXPECT_TRUE(RunUntilAccepted(2));
  EXPECT_TRUE(first.Send("x"));
  EXPECT_TRUE(loop_.RunUntil([&] { return ends_.front()->received == "x"; }));
}

TEST_F(OsLoopTest, ListenerIsDestroyedWhileItWaitsForDescriptors) {
  UseOnce(world_);
  auto listener = Listen();
  const TestSocket peer(listener->address());
  const NoMoreDescriptors none;
  loop_.RunFor(5 * kMillisecond);
  listener.reset();
  loop_.RunFor(50 * kMillisecond);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(OsLoopTest, WithoutDescriptorsConnectAndListenFail) {
  UseOnce(world_);
  const auto listener = Listen();
  const NoMoreDescriptors none;
  End client;
  client.connection = loop_->Connect(listener->address(), {}, client.Recorders());
  EXPECT_TRUE(loop_.RunUntil([&] { return !client.closed.empty(); }));
  EXPECT_TRUE(client.IsClosed(CloseReason::kConnectFailed));
  const auto other = loop_->Listen(
      "127.0.0.1:0", {}, [](std::unique_ptr<Connection>) { return Connection::Callbacks{}; });
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code(), ErrorCode::kIo);
}

TEST_F(OsLoopTest, WithoutDescriptorsThereIsNoNewLoop) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan, which comes with it, needs a pipe to look at Asio's exception";
#endif
  const NoMoreDescriptors none;
  const auto made = world_.env().network->NewLoop();
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), ErrorCode::kIo);
}

TEST_F(OsLoopTest, DescriptorsAreNotInheritedAndNotLeaked) {
  const std::size_t before = OpenDescriptors();
  {
    Pair pair(world_);
    ASSERT_TRUE(pair.Connect());
    ASSERT_OK_ASSIGN(const auto file,
                     world_.files().Open(world_.Path("a"), {.mode = OpenMode::kCreate}));
    bool written = false;
    const Bytes content = "x";
    pair.loop->SubmitWrite(*file, 0, content, [&](const Status&) { written = true; });
    End dropped;
    dropped.connection = pair.loop->Connect("localhost:1", {}, dropped.Recorders());
    EXPECT_TRUE(pair.loop.RunUntil([&] { return written && !dropped.closed.empty(); }));
    for (int fd = 3; fd < 1'024; ++fd) {
      const int flags = ::fcntl(fd, F_GETFD);
      if (flags < 0) continue;
      std::error_code gone;
      const std::string link = "/proc/self/fd/" + std::to_string(fd);
      const std::string target = std::filesystem::read_symlink(link, gone).string();
      if (!target.starts_with("socket:") && !target.starts_with("anon_inode:")) continue;
      EXPECT_NE(flags & FD_CLOEXEC, 0) << target;
    }
    pair.client.connection->Close();
    EXPECT_TRUE(pair.loop.RunUntil([&] { return !pair.client.closed.empty(); }));
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(OsLoopTest, ShortFileWriteGoesOnAndReportsWhereItFailed) {
  ASSERT_OK_ASSIGN(const auto file,
                   world_.files().Open(world_.Path("a"), {.mode = OpenMode::kCreate}));
  const Bytes content(8'000, 'x');
  Status outcome;
  bool done = false;
  {
    std::signal(SIGXFSZ, SIG_IGN);
    const ScopedLimit limit(RLIMIT_FSIZE, 5'000);
    loop_->SubmitWrite(*file, 0, content, [&](const Status& status) {
      outcome = status;
      done = true;
    });
    EXPECT_TRUE(loop_.RunUntil([&] { return done; }));
  }
  EXPECT_TRUE(FailsWithErrno(outcome, ErrorCode::kIo, world_.Path("a"), EFBIG));
  EXPECT_EQ(outcome.error().offset(), 5'000U);
  EXPECT_EQ(file->Size(), 5'000U);
}

TEST_F(OsLoopTest, FullDeviceIsNoSpace) {
  ASSERT_OK_ASSIGN(const auto file,
                   world_.files().Open("/dev/full", {.mode = OpenMode::kReadWrite}));
  std::vector<Status> ended;
  loop_->SubmitWrite(*file, 0, "x", [&](const Status& status) { ended.push_back(status); });
  EXPECT_TRUE(loop_.RunUntil([&] { return !ended.empty(); }));
  EXPECT_TRUE(FailsWithErrno(ended.front(), ErrorCode::kNoSpace, "/dev/full", ENOSPC));
}

TEST_F(OsLoopTest, FilesOfAnotherBindingAreWrittenToo) {
  const auto files = NewMemoryFiles(1 << 20);
  ASSERT_OK_ASSIGN(const auto file, files->Open("a", {.mode = OpenMode::kCreate}));
  std::vector<Status> ended;
  const Bytes content = "in memory";
  loop_->SubmitWrite(*file, 2, content, [&](const Status& status) { ended.push_back(status); });
  EXPECT_TRUE(ended.empty());
  EXPECT_TRUE(loop_.RunUntil([&] { return !ended.empty(); }));
  ASSERT_OK(ended.front());
  EXPECT_EQ(conformance::ReadBytes(*file, 2, 100), content);
}

TEST_F(OsLoopTest, DroppedCallbacksMayOwnConnections) {
  const auto listener = Listen();
  const auto mine = [&] {
    return std::make_shared<std::unique_ptr<Connection>>(
        loop_->Connect(listener->address(), {}, {}));
  };
  loop_->Post([one = mine()] {});
  loop_->At(loop_.Now() + 60'000 * kMillisecond, [one = mine()] {});
  // One that on its way out asks for more of what is being dropped.
  struct Asks {
    ~Asks() {
      loop->Cancel(loop->At(0, [] {}));
      loop->Post([other = connection] {});
    }
    Loop* loop;
    std::shared_ptr<std::unique_ptr<Connection>> connection;
  };
  loop_->Post([asks = std::make_shared<Asks>(&*loop_, mine())] {});
}

TEST_F(OsLoopTest, CallbacksOfAClosedConnectionAreLetGo) {
  Pair pair(world_);
  const auto kept = std::make_shared<int>(0);
  pair.client_callbacks.on_writable = [kept] {};
  ASSERT_TRUE(pair.Connect());
  pair.client_callbacks = {};  // the test's own copy
  EXPECT_EQ(kept.use_count(), 2);
  pair.client.connection->Close();
  EXPECT_TRUE(pair.RunUntilClosed());
  EXPECT_EQ(kept.use_count(), 1);
}

TEST_F(OsLoopTest, IdleConnectionsCostLittle) {
  constexpr std::size_t kConnections = 1'000;
  constexpr std::size_t kBytesEach = 4'096;
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  if (descriptors.rlim_max < 3 * kConnections) GTEST_SKIP() << "too few descriptors";
  const ScopedLimit limit(RLIMIT_NOFILE, 3 * kConnections);
  const auto listener = Listen();
  std::vector<TestSocket> peers;
  peers.reserve(kConnections);
  ends_.reserve(kConnections);
  const auto connect_all = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      peers.emplace_back(listener->address());
      EXPECT_TRUE(RunUntilAccepted(peers.size()));
    }
  };
  // Each has spoken and been answered once, so that what use leaves behind counts.
  const auto speak = [&] {
    for (const auto& end : ends_) EXPECT_TRUE(end->connection->Send("x"));
    for (const auto& peer : peers) EXPECT_TRUE(peer.Send("y"));
    EXPECT_TRUE(loop_.RunUntil([&] {
      for (const auto& end : ends_) {
        if (end->received.empty()) return false;
      }
      return true;
    }));
  };
  connect_all(1);
  speak();
  const std::size_t before = ::mallinfo2().uordblks;
  connect_all(kConnections - 1);
  speak();
  const std::size_t after = ::mallinfo2().uordblks;
  const std::size_t each = (after - before) / (kConnections - 1);
  RecordProperty("bytes_each", static_cast<int>(each));
  EXPECT_LT(each, kBytesEach);
  // Else the kernel keeps a thousand ports of this machine for a minute, which others want too.
  for (TestSocket& peer : peers) peer.Reset();
}

}  // namespace
}  // namespace beach::env
