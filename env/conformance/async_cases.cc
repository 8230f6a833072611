// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include "env/conformance/expect.h"
#include "env/conformance/file_cases.h"
#include "env/threads.h"

namespace beach::env::conformance {
namespace {

constexpr OpenOptions kNew{.mode = OpenMode::kCreate};

// 1,000 bytes that tell which write they belong to.
Bytes Content(std::size_t index) { return Bytes(1'000, static_cast<char>('a' + index % 26)); }

void WaitedWriteIsThere(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content = "some bytes";
  ASSERT_OK_ASSIGN(const auto write, file->SubmitWrite(5, content));
  ASSERT_OK(write->Wait());
  EXPECT_TRUE(write->Done());
  EXPECT_EQ(ReadBytes(*file, 0, 100), Bytes(5, '\0') + content);
}

void WaitAnswersTheSameTwice(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content = "x";
  ASSERT_OK_ASSIGN(const auto write, file->SubmitWrite(0, content));
  ASSERT_OK(write->Wait());
  ASSERT_OK(write->Wait());
}

void DoneTurnsTrueWithoutAWait(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content = "x";
  ASSERT_OK_ASSIGN(const auto write, file->SubmitWrite(0, content));
  while (!write->Done()) {
  }
  EXPECT_EQ(ReadBytes(*file, 0, 10), content);
  ASSERT_OK(write->Wait());
}

void DestroyingAWriteWaitsForIt(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content(100'000, 'd');
  ASSERT_OK(file->SubmitWrite(0, content));
  EXPECT_EQ(ReadBytes(*file, 0, 200'000), content);
}

void EmptyWriteSucceeds(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK_ASSIGN(const auto write, file->SubmitWrite(100, ""));
  ASSERT_OK(write->Wait());
  EXPECT_EQ(file->Size(), 0U);
}

// More than any binding need hold in flight at once: submitting must neither fail nor hang.
void ManyInFlightWaitedForInReverse(Fixture& world) {
  constexpr std::size_t kWrites = 300;
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  Bytes expected;
  for (std::size_t i = 0; i < kWrites; ++i) expected += Content(i);
  std::vector<std::unique_ptr<PendingWrite>> writes;
  for (std::size_t i = 0; i < kWrites; ++i) {
    const ByteView piece = ByteView(expected).substr(i * 1'000, 1'000);
    ASSERT_OK_ASSIGN(auto write, file->SubmitWrite(i * 1'000, piece));
    writes.push_back(std::move(write));
  }
  for (; !writes.empty(); writes.pop_back()) ASSERT_OK(writes.back()->Wait());
  EXPECT_EQ(ReadBytes(*file, 0, expected.size() + 1), expected);
}

void ManyThreadsSubmitAndWait(Fixture& world) {
  constexpr std::size_t kThreads = 6;
  constexpr std::size_t kWritesEach = 10;
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  std::vector<Thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back("writer", [&file = *file, i] {
      const Bytes content = Content(i);
      for (std::size_t n = 0; n < kWritesEach; ++n) {
        auto write = file.SubmitWrite((n * kThreads + i) * 1'000, content);
        ASSERT_OK(write);
        ASSERT_OK((*write)->Wait());
      }
    });
  }
  for (Thread& thread : threads) thread.Join();
  Bytes round;
  for (std::size_t i = 0; i < kThreads; ++i) round += Content(i);
  for (std::size_t n = 0; n < kWritesEach; ++n) {
    EXPECT_EQ(ReadBytes(*file, n * round.size(), round.size()), round);
  }
}

void WritesOfSeveralFilesAtOnce(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto one, world.files().Open(world.Path("one"), kNew));
  ASSERT_OK_ASSIGN(const auto two, world.files().Open(world.Path("two"), kNew));
  const Bytes first = "first";
  const Bytes second = "second";
  ASSERT_OK_ASSIGN(const auto write_one, one->SubmitWrite(0, first));
  ASSERT_OK_ASSIGN(const auto write_two, two->SubmitWrite(0, second));
  ASSERT_OK(write_two->Wait());
  ASSERT_OK(write_one->Wait());
  EXPECT_EQ(ReadFile(world.files(), world.Path("one")), first);
  EXPECT_EQ(ReadFile(world.files(), world.Path("two")), second);
}

// The failure comes from the submission or from the wait, and then from every wait.
void WriteThroughAReadHandleFails(Fixture& world) {
  const std::string path = world.Path("a");
  ASSERT_OK(MakeFile(world.files(), path, "old"));
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(path, {.mode = OpenMode::kRead}));
  const Bytes content = "new";
  const auto write = file->SubmitWrite(0, content);
  if (write.has_value()) {
    const Status first = (*write)->Wait();
    const Status second = (*write)->Wait();
    ASSERT_FALSE(first.has_value());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(first.error().path(), path);
    EXPECT_EQ(first.error().ToString(), second.error().ToString());
  } else {
    EXPECT_EQ(write.error().path(), path);
  }
  EXPECT_EQ(ReadFile(world.files(), path), Bytes("old"));
}

constexpr Case kCases[] = {
    {"WaitedWriteIsThere", WaitedWriteIsThere},
    {"WaitAnswersTheSameTwice", WaitAnswersTheSameTwice},
    {"DoneTurnsTrueWithoutAWait", DoneTurnsTrueWithoutAWait},
    {"DestroyingAWriteWaitsForIt", DestroyingAWriteWaitsForIt},
    {"EmptyWriteSucceeds", EmptyWriteSucceeds},
    {"ManyInFlightWaitedForInReverse", ManyInFlightWaitedForInReverse},
    {"ManyThreadsSubmitAndWait", ManyThreadsSubmitAndWait},
    {"WritesOfSeveralFilesAtOnce", WritesOfSeveralFilesAtOnce},
    {"WriteThroughAReadHandleFails", WriteThroughAReadHandleFails},
};

}  // namespace

std::span<const Case> AsyncCases() { return kCases; }

}  // namespace beach::env::conformance
