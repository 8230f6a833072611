// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include "env/conformance/aligned_bytes.h"
#include "env/conformance/expect.h"
#include "env/os/test_fixture.h"
#include "env/threads.h"

// Run by hand, alone: BEACH_MEASURE=1 prints what the loop costs, each the median of five runs.
// TEST_TMPDIR chooses the file system of the writes.

namespace beach::env {
namespace {

constexpr std::size_t kRuns = 5;

using conformance::AlignedBytes;

class OsLoopCosts : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("BEACH_MEASURE") == nullptr) GTEST_SKIP() << "set BEACH_MEASURE=1";
  }

  // `run` does something `count` times.
  static void Print(const char* what, std::uint64_t count, const std::function<void()>& run) {
    std::array<double, kRuns> each{};
    for (double& nanoseconds : each) {
      const auto begin = std::chrono::steady_clock::now();
      run();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      nanoseconds = seconds.count() * 1e9 / static_cast<double>(count);
    }
    std::sort(each.begin(), each.end());
    const double median = each[kRuns / 2];
    std::printf("%-52s %10.0f ns  (%.0f to %.0f), %.0f a second\n", what, median, each.front(),
                each.back(), 1e9 / median);
  }

  OsFixture world_{AsyncWrites::kRing};
  const std::unique_ptr<Loop> loop_ = world_.env().network->NewLoop().value();
};

constexpr std::size_t kMessage = 100;

// Sends `count` messages to an echo on another thread, so many at a time, and awaits all answers.
class Talk {
 public:
  Talk(OsFixture& world, Loop& loop) : loop_(loop), echo_("echo", [this, &world] { Echo(world); }) {
    started_.Acquire();
    Connection::Callbacks callbacks;
    callbacks.on_open = [this] { loop_.Stop(); };
    callbacks.on_bytes = [this](ByteView bytes) { Take(bytes); };
    client_ = loop_.Connect(address_, {}, callbacks);
    loop_.Run();
  }
  ~Talk() {
    other_->Post([this] { other_->Stop(); });
    echo_.Join();
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  void Run(std::uint64_t count, std::uint64_t at_once) {
    to_send_ = count;
    answered_ = 0;
    count_ = count;
    for (std::uint64_t i = 0; i < at_once; ++i) SendOne();
    loop_.Run();
  }

 private:
  void Echo(OsFixture& world) {
    const std::unique_ptr<Loop> loop = world.env().network->NewLoop().value();
    other_ = loop.get();
    std::unique_ptr<Connection> server;
    const auto listener = loop->Listen("127.0.0.1:0", {}, [&](std::unique_ptr<Connection> made) {
      server = std::move(made);
      Connection::Callbacks callbacks;
      callbacks.on_bytes = [&](ByteView bytes) { static_cast<void>(server->Send(bytes)); };
      return callbacks;
    });
    address_ = listener.value()->address();
    started_.Release();
    loop->Run();
  }

  void Take(ByteView bytes) {
    received_ += bytes.size();
    for (; received_ >= kMessage; received_ -= kMessage) {
      ++answered_;
      SendOne();
    }
    if (answered_ == count_) loop_.Stop();
  }
  void SendOne() {
    if (to_send_ == 0) return;
    --to_send_;
    static_cast<void>(client_->Send(message_));
  }

  Loop& loop_;
  Semaphore started_{0};
  Loop* other_ = nullptr;
  std::string address_;
  const Bytes message_ = Bytes(kMessage, 'm');
  std::unique_ptr<Connection> client_;
  std::uint64_t to_send_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t received_ = 0;
  Thread echo_;
};

TEST_F(OsLoopCosts, Messages) {
  Talk talk(world_, *loop_);
  Print("round trip of 100 bytes, two threads", 20'000, [&] { talk.Run(20'000, 1); });
  Print("the same, 128 at once, for each message", 500'000, [&] { talk.Run(500'000, 128); });
}

TEST_F(OsLoopCosts, PostsAndTimers) {
  constexpr std::uint64_t kCount = 500'000;
  std::uint64_t ran = 0;
  const auto count = [&] {
    if (++ran == kCount) loop_->Stop();
  };
  Print("Post and run, from the loop's thread", kCount, [&] {
    ran = 0;
    for (std::uint64_t i = 0; i < kCount; ++i) loop_->Post(count);
    loop_->Run();
  });
  Print("Post and run, one after the other", kCount, [&] {
    ran = 0;
    std::function<void()> next = [&] {
      if (++ran == kCount) return loop_->Stop();
      loop_->Post(next);
    };
    loop_->Post(next);
    loop_->Run();
  });
  Print("Post from another thread, while the loop runs", kCount, [&] {
    ran = 0;
    Thread thread("poster", [&] {
      for (std::uint64_t i = 0; i < kCount; ++i) loop_->Post(count);
    });
    loop_->Run();
    thread.Join();
  });
  Print("timer set and cancelled, 1000 others waiting", kCount, [&] {
    const std::uint64_t far = world_.clock().MonotonicNow() + 3'600'000'000'000;
    std::vector<Loop::TimerId> others;
    for (std::uint64_t i = 0; i < 1'000; ++i) others.push_back(loop_->At(far + i * 977, [] {}));
    for (std::uint64_t i = 0; i < kCount; ++i) loop_->Cancel(loop_->At(far + i % 977'000, [] {}));
    for (const Loop::TimerId each : others) loop_->Cancel(each);
  });
}

constexpr std::uint64_t kBlocks = 4'096;
constexpr std::uint64_t kWrites = 2'000;

// Keeps `at_once` writes in flight until all are done.
void WriteByLoop(Loop& loop, File& file, ByteView block, std::uint64_t at_once) {
  std::uint64_t begun = 0;
  std::uint64_t done = 0;
  std::function<void(const Status&)> next;
  const auto submit = [&] {
    if (begun == kWrites) return;
    loop.SubmitWrite(file, begun++ % kBlocks * kDirectAlignment, block, next);
  };
  next = [&](const Status& status) {
    EXPECT_TRUE(status);
    if (++done == kWrites) return loop.Stop();
    submit();
  };
  for (std::uint64_t i = 0; i < at_once; ++i) submit();
  loop.Run();
}

void WriteByWaiting(File& file, ByteView block, std::uint64_t at_once) {
  std::vector<std::unique_ptr<PendingWrite>> pending;
  for (std::uint64_t i = 0; i < kWrites; ++i) {
    if (pending.size() == at_once) {
      EXPECT_TRUE(pending.front()->Wait());
      pending.erase(pending.begin());
    }
    pending.push_back(file.SubmitWrite(i % kBlocks * kDirectAlignment, block).value());
  }
  for (const auto& write : pending) EXPECT_TRUE(write->Wait());
}

TEST_F(OsLoopCosts, DirectWrites) {
  const auto opened =
      world_.files().Open(world_.Path("a"), {.mode = OpenMode::kCreate, .direct = true});
  if (!opened.has_value()) GTEST_SKIP() << opened.error().ToString();
  File& file = **opened;
  AlignedBytes all(kBlocks * kDirectAlignment, 'x');
  ASSERT_OK(file.WriteAt(0, all.view()));
  const ByteView block = all.view().substr(0, kDirectAlignment);
  for (const std::uint64_t at_once : {1U, 2U}) {
    std::printf("%d in flight:\n", static_cast<int>(at_once));
    Print("  4 KiB direct, File::SubmitWrite and Wait", kWrites,
          [&] { WriteByWaiting(file, block, at_once); });
    Print("  4 KiB direct, Loop::SubmitWrite", kWrites,
          [&] { WriteByLoop(*loop_, file, block, at_once); });
  }
}

}  // namespace
}  // namespace beach::env
