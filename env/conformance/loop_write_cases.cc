// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "env/conformance/aligned_bytes.h"
#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/conformance/loop_cases.h"

namespace beach::env::conformance {
namespace {

constexpr OpenOptions kNew{.mode = OpenMode::kCreate};
constexpr OpenOptions kNewDirect{.mode = OpenMode::kCreate, .direct = true};
constexpr std::size_t kBlock = kDirectAlignment;

// Writes that were submitted, and how they ended.
struct Writes {
  std::vector<Status> ended;

  std::function<void(Status)> Done() {
    return [this](const Status& status) { ended.push_back(status); };
  }
  bool AllFine() const {
    for (const Status& status : ended) {
      if (!status) return false;
    }
    return true;
  }
};

void WrittenIsThere(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content = "some bytes";
  Writes writes;
  loop->Post([&] {
    loop->SubmitWrite(*file, 5, content, writes.Done());
    EXPECT_TRUE(writes.ended.empty()) << "inside the call";
  });
  EXPECT_TRUE(loop.RunUntil([&] { return writes.ended.size() == 1; }));
  EXPECT_TRUE(writes.AllFine());
  EXPECT_EQ(ReadBytes(*file, 0, 100), Bytes(5, '\0') + content);
}

void SubmittedBeforeRun(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content = "x";
  Writes writes;
  loop->SubmitWrite(*file, 0, content, writes.Done());
  EXPECT_TRUE(writes.ended.empty());
  EXPECT_TRUE(loop.RunUntil([&] { return writes.ended.size() == 1; }));
  EXPECT_TRUE(writes.AllFine());
}

void SeveralInFlightOnADirectFile(Fixture& world) {
  constexpr std::size_t kWrites = 16;
  const auto opened = world.files().Open(world.Path("a"), kNewDirect);
  if (!opened.has_value() && opened.error().code() == ErrorCode::kUnsupported) GTEST_SKIP();
  ASSERT_OK(opened);
  File& file = **opened;
  CaseLoop loop(world);
  std::vector<std::unique_ptr<AlignedBytes>> blocks;
  Bytes expected;
  for (std::size_t i = 0; i < kWrites; ++i) {
    blocks.push_back(std::make_unique<AlignedBytes>(kBlock, static_cast<char>('a' + i)));
    expected += blocks.back()->view();
  }
  Writes writes;
  loop.Do([&] {
    for (std::size_t i = 0; i < kWrites; ++i) {
      loop->SubmitWrite(file, i * kBlock, blocks[i]->view(), writes.Done());
    }
  });
  EXPECT_TRUE(loop.RunUntil([&] { return writes.ended.size() == kWrites; }));
  EXPECT_TRUE(writes.AllFine());
  EXPECT_EQ(ReadBytes(file, 0, expected.size() + 1), expected);
}

// More than any binding need hold in flight at once.
void ManyInFlightOnTwoFiles(Fixture& world) {
  constexpr std::size_t kWrites = 300;
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto one, world.files().Open(world.Path("one"), kNew));
  ASSERT_OK_ASSIGN(const auto two, world.files().Open(world.Path("two"), kNew));
  const Bytes content = StreamBytes(0, kWrites * 100, 1);
  Writes writes;
  for (std::size_t i = 0; i < kWrites; ++i) {
    const ByteView piece = ByteView(content).substr(i * 100, 100);
    loop->SubmitWrite(*one, i * 100, piece, writes.Done());
    loop->SubmitWrite(*two, i * 100, piece, writes.Done());
  }
  EXPECT_TRUE(loop.RunUntil([&] { return writes.ended.size() == 2 * kWrites; }));
  EXPECT_TRUE(writes.AllFine());
  EXPECT_EQ(ReadFile(world.files(), world.Path("one")), content);
  EXPECT_EQ(ReadFile(world.files(), world.Path("two")), content);
}

void DoneMaySubmitTheNext(Fixture& world) {
  constexpr std::uint64_t kWrites = 10;
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content = StreamBytes(0, kWrites * 10, 2);
  std::uint64_t written = 0;
  std::function<void(Status)> next = [&](const Status& status) {
    EXPECT_TRUE(status);
    if (++written == kWrites) return;
    loop->SubmitWrite(*file, written * 10, ByteView(content).substr(written * 10, 10), next);
  };
  loop->SubmitWrite(*file, 0, ByteView(content).substr(0, 10), next);
  EXPECT_TRUE(loop.RunUntil([&] { return written == kWrites; }));
  EXPECT_EQ(ReadBytes(*file, 0, 1'000), content);
}

void EmptyWriteIsDone(Fixture& world) {
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  Writes writes;
  loop->Post([&] {
    loop->SubmitWrite(*file, 100, "", writes.Done());
    EXPECT_TRUE(writes.ended.empty());
  });
  EXPECT_TRUE(loop.RunUntil([&] { return writes.ended.size() == 1; }));
  EXPECT_TRUE(writes.AllFine());
  EXPECT_EQ(file->Size(), 0U);
}

void WriteThroughAReadHandleFails(Fixture& world) {
  const std::string path = world.Path("a");
  ASSERT_OK(MakeFile(world.files(), path, "old"));
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(path, {.mode = OpenMode::kRead}));
  CaseLoop loop(world);
  const Bytes content = "new";
  Writes writes;
  loop->Post([&] {
    loop->SubmitWrite(*file, 0, content, writes.Done());
    EXPECT_TRUE(writes.ended.empty());
  });
  EXPECT_TRUE(loop.RunUntil([&] { return writes.ended.size() == 1; }));
  ASSERT_FALSE(writes.AllFine());
  EXPECT_EQ(writes.ended.front().error().path(), path);
  EXPECT_EQ(ReadFile(world.files(), path), Bytes("old"));
}

void UnalignedDirectWriteIsInvalid(Fixture& world) {
  const auto opened = world.files().Open(world.Path("a"), kNewDirect);
  if (!opened.has_value() && opened.error().code() == ErrorCode::kUnsupported) GTEST_SKIP();
  ASSERT_OK(opened);
  File& file = **opened;
  CaseLoop loop(world);
  AlignedBytes block(kBlock, 'x');
  Writes writes;
  loop->Post([&] {
    loop->SubmitWrite(file, 1, block.view(), writes.Done());
    loop->SubmitWrite(file, 0, block.view().substr(0, 100), writes.Done());
    loop->SubmitWrite(file, 0, ByteView(block.data() + 1, kBlock), writes.Done());
    EXPECT_TRUE(writes.ended.empty());
  });
  EXPECT_TRUE(loop.RunUntil([&] { return writes.ended.size() == 3; }));
  for (const Status& status : writes.ended) {
    EXPECT_TRUE(FailsWith(status, ErrorCode::kInvalidArgument, world.Path("a")));
  }
  EXPECT_EQ(file.Size(), 0U);
}

void DestroyedLoopWaitsAndCallsNothing(Fixture& world) {
  constexpr std::size_t kWrites = 8;
  constexpr std::size_t kLength = 50'000;
  CaseLoop loop(world);
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const auto kept = std::make_shared<int>(0);
  Bytes expected;
  {
    const Bytes content = StreamBytes(0, kWrites * kLength, 3);
    for (std::size_t i = 0; i < kWrites; ++i) {
      loop->SubmitWrite(*file, i * kLength, ByteView(content).substr(i * kLength, kLength),
                        [kept](const Status&) { ++*kept; });
    }
    EXPECT_EQ(kept.use_count(), 1 + static_cast<long>(kWrites));
    loop.Destroy();
    expected = content;
  }
  EXPECT_EQ(*kept, 0);
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(ReadBytes(*file, 0, expected.size() + 1), expected);
}

void WritesAndConnectionsShareALoop(Fixture& world) {
  constexpr int kRounds = 20;
  Pair pair(world);
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content = StreamBytes(0, 100, 4);
  int answers = 0;
  // As a server commits: what comes in is written, and answered once it is durable.
  pair.server_callbacks.on_bytes = [&](ByteView) {
    pair.loop->SubmitWrite(*file, 0, content, [&](const Status& status) {
      EXPECT_TRUE(status);
      EXPECT_TRUE(pair.server.connection->Send("!"));
    });
  };
  pair.client_callbacks.on_bytes = [&](ByteView) {
    if (++answers == kRounds) return;
    EXPECT_TRUE(pair.client.connection->Send("?"));
  };
  ASSERT_TRUE(pair.Connect());
  EXPECT_TRUE(pair.client.connection->Send("?"));
  EXPECT_TRUE(pair.loop.RunUntil([&] { return answers == kRounds; }));
  EXPECT_EQ(ReadBytes(*file, 0, 1'000), content);
}

constexpr Case kCases[] = {
    {"WrittenIsThere", WrittenIsThere},
    {"SubmittedBeforeRun", SubmittedBeforeRun},
    {"SeveralInFlightOnADirectFile", SeveralInFlightOnADirectFile},
    {"ManyInFlightOnTwoFiles", ManyInFlightOnTwoFiles},
    {"DoneMaySubmitTheNext", DoneMaySubmitTheNext},
    {"EmptyWriteIsDone", EmptyWriteIsDone},
    {"WriteThroughAReadHandleFails", WriteThroughAReadHandleFails},
    {"UnalignedDirectWriteIsInvalid", UnalignedDirectWriteIsInvalid},
    {"DestroyedLoopWaitsAndCallsNothing", DestroyedLoopWaitsAndCallsNothing},
    {"WritesAndConnectionsShareALoop", WritesAndConnectionsShareALoop},
};

}  // namespace

std::span<const Case> LoopWriteCases() { return kCases; }

}  // namespace beach::env::conformance
