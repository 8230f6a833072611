// SPDX-License-Identifier: Apache-2.0
#include "sim/virtual_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

using testing::ElementsAre;

// A gate with time but no other threads. A test may act at the beginning of any wait or call.
class TestGate final : public SeamGate {
 public:
  void Enter(Site operation, std::uint64_t /*detail*/) override {
    EXPECT_EQ(depth_++, 0) << operation.name;
    now_ += 100;
    if (on_enter) on_enter(operation.name);
  }
  void WaitUntil(std::uint64_t virtual_ns) override {
    EXPECT_EQ(depth_, 1);
    now_ = std::max(now_, virtual_ns);
    if (on_wait) on_wait();
  }
  void Leave(Site operation) override { EXPECT_EQ(--depth_, 0) << operation.name; }
  std::uint64_t Now() override { return now_; }
  std::uint64_t MonotonicTime() override { return now_; }

  void Advance(std::uint64_t ns) { now_ += ns; }

  std::function<void(const std::string&)> on_enter;
  std::function<void()> on_wait;

 private:
  std::uint64_t now_ = 0;
  int depth_ = 0;
};

struct Fixture : DiskFixture {
  explicit Fixture(std::uint64_t seed = 1, const DiskOptions& options = {})
      : DiskFixture(seed, options), files(NewVirtualFiles(*disk, kProcess, gate)) {}

  std::unique_ptr<env::File> MustOpen(const std::string& path, env::OpenMode mode,
                                      bool direct = false) {
    auto file = files->Open(path, {mode, direct});
    EXPECT_TRUE(file) << file.error().ToString();
    return std::move(*file);
  }

  TestGate gate;
  std::unique_ptr<env::FileSystem> files;
};

struct alignas(env::kDirectAlignment) Block {
  char bytes[env::kDirectAlignment];
  explicit Block(char fill) { std::fill_n(bytes, sizeof bytes, fill); }
  ByteView view() const { return {bytes, sizeof bytes}; }
};

TEST(VirtualFilesTest, WritesReadsAndListsAsAnyFileSystem) {
  Fixture f;
  ASSERT_TRUE(f.files->CreateDirectory("db"));
  {
    const auto file = f.MustOpen("db/a", env::OpenMode::kCreate);
    EXPECT_EQ(file->path(), "db/a");
    ASSERT_TRUE(file->WriteAt(0, "hello"));
    ASSERT_TRUE(file->Append(" world"));
    ASSERT_TRUE(file->Allocate(0));
    char bytes[20];
    EXPECT_EQ(file->ReadAt(6, bytes, 20).value(), 5U);
    EXPECT_EQ(ByteView(bytes, 5), "world");
    ASSERT_TRUE(file->Truncate(5));
    EXPECT_EQ(file->Size().value(), 5U);
    ASSERT_TRUE(file->Sync());
  }
  ASSERT_TRUE(f.files->Link("db/a", "db/b"));
  ASSERT_TRUE(f.files->Rename("db/a", "db/c"));
  EXPECT_THAT(f.files->List("db").value(), ElementsAre("b", "c"));
  ASSERT_TRUE(f.files->Remove("db/b"));
  ASSERT_TRUE(f.files->SyncDirectory("db"));
  ASSERT_TRUE(f.files->SyncDirectory("/"));
  EXPECT_TRUE(f.files->Exists("db/c").value());
  EXPECT_FALSE(f.files->Exists("db/a").value());
  EXPECT_LT(f.files->FreeSpace("db").value(), DiskOptions{}.capacity_bytes);
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("db/c"), "hello");
}

TEST(VirtualFilesTest, ErrorsCarryPathOffsetAndErrno) {
  Fixture f;
  const auto missing = f.files->Open("none", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().path(), "none");
  EXPECT_EQ(missing.error().os_error(), ENOENT);

  const auto file = f.MustOpen("a", env::OpenMode::kCreate);
  f.decisions.Arm("disk.eio.write", 1);
  const Status failed = file->WriteAt(77, "x");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kIo);
  EXPECT_EQ(failed.error().offset(), 77U);
  f.decisions.Arm("disk.no_space");
  EXPECT_EQ(file->Append("x").error().code(), ErrorCode::kNoSpace);
  f.decisions.Arm("disk.eio.read");
  char byte;
  EXPECT_EQ(file->ReadAt(5, &byte, 1).error().os_error(), EIO);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ(file->SyncData().error().os_error(), EIO);
  f.decisions.Arm("disk.eio.sync_directory");
  EXPECT_EQ(f.files->SyncDirectory("/").error().os_error(), EIO);
  f.decisions.Arm("disk.no_space");
  EXPECT_EQ(file->Allocate(1).error().code(), ErrorCode::kNoSpace);

  EXPECT_EQ(f.files->Open("a", {env::OpenMode::kCreate, false}).error().code(),
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(f.files->CreateDirectory("a").error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(f.files->Link("a", "a").error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(f.files->Rename("none", "b").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(f.files->Remove("none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(f.files->RemoveDirectory("none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(f.files->List("none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(f.files->FreeSpace("none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(f.files->SyncDirectory("none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(f.files->Exists("a/b").error().os_error(), ENOTDIR);
}

TEST(VirtualFilesTest, LockIsBusyUntilReleased) {
  Fixture f;
  auto lock = f.files->Lock("LOCK");
  ASSERT_TRUE(lock);
  EXPECT_EQ(f.files->Lock("LOCK").error().code(), ErrorCode::kBusy);
  lock->reset();
  EXPECT_TRUE(f.files->Lock("LOCK"));
}

TEST(VirtualFilesTest, DirectWritesAreCheckedAndDurable) {
  Fixture f;
  auto file = f.MustOpen("a", env::OpenMode::kCreate, true);
  ASSERT_TRUE(f.files->SyncDirectory("/"));
  const Block block('d');
  EXPECT_EQ(file->WriteAt(512, block.view()).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(file->WriteAt(0, block.view().substr(1)).error().code(), ErrorCode::kInvalidArgument);
  const std::uint64_t before = f.gate.Now();
  ASSERT_TRUE(file->WriteAt(0, block.view()));
  EXPECT_GT(f.gate.Now(), before + 10'000);
  file.reset();
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), std::string(4096, 'd'));
}

TEST(VirtualFilesTest, DirectIsUnsupportedWhereTheDiskRefuses) {
  Fixture f(1, {.capacity_bytes = 1 << 20, .direct_supported = false});
  const auto file = f.files->Open("a", {env::OpenMode::kCreate, true});
  EXPECT_EQ(file.error().code(), ErrorCode::kUnsupported);
}

TEST(VirtualFilesTest, SubmittedWriteCompletesWhenDueAndOnce) {
  Fixture f;
  const auto file = f.MustOpen("a", env::OpenMode::kCreate);
  auto pending = file->SubmitWrite(0, "data");
  ASSERT_TRUE(pending);
  EXPECT_FALSE((*pending)->Done());
  EXPECT_EQ(f.Content("a"), "");
  f.gate.Advance(10'000'000);
  EXPECT_TRUE((*pending)->Done());
  EXPECT_EQ(f.Content("a"), "data");
  EXPECT_TRUE((*pending)->Wait());
  EXPECT_TRUE((*pending)->Wait());
}

TEST(VirtualFilesTest, FailedSubmissionGivesTheSameAnswerAgain) {
  Fixture f;
  const auto file = f.MustOpen("a", env::OpenMode::kCreate);
  auto pending = file->SubmitWrite(0, "data");
  ASSERT_TRUE(pending);
  f.decisions.Arm("disk.eio.sync", 1);
  EXPECT_EQ((*pending)->Wait().error().code(), ErrorCode::kIo);
  EXPECT_EQ((*pending)->Wait().error().code(), ErrorCode::kIo);
}

TEST(VirtualFilesTest, DestroyingAPendingWriteWaitsForIt) {
  Fixture f;
  auto file = f.MustOpen("a", env::OpenMode::kCreate);
  auto pending = file->SubmitWrite(0, "data");
  ASSERT_TRUE(pending);
  file.reset();
  pending->reset();
  EXPECT_EQ(f.Content("a"), "data");
}

TEST(VirtualFilesTest, SyncCoversWhatWasThereWhenItBegan) {
  Fixture f;
  auto file = f.MustOpen("a", env::OpenMode::kCreate);
  ASSERT_TRUE(f.files->SyncDirectory("/"));
  ASSERT_TRUE(file->Append("before"));
  const Descriptor other = f.Open("a");
  f.gate.on_wait = [&] { EXPECT_EQ(f.disk->Append(other, " during"), 0); };
  ASSERT_TRUE(file->SyncData());
  f.gate.on_wait = nullptr;
  EXPECT_EQ(f.Content("a"), "before during");
  file.reset();
  f.PowerLoss(kCutNone);
  EXPECT_EQ(f.Content("a"), "before");
}

TEST(VirtualFilesTest, LargeWriteMayBeSeenHalfWay) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Fixture f(seed);
    const auto file = f.MustOpen("a", env::OpenMode::kCreate);
    std::size_t size_between = 0;
    f.gate.on_enter = [&](const std::string& site) {
      if (site == "files.write.rest") size_between = f.Content("a").size();
    };
    const std::string data(5 * 4096 + 100, 'x');
    ASSERT_TRUE(file->Append(data));
    EXPECT_EQ(f.Content("a"), data);
    EXPECT_EQ(size_between % 4096, 0U);
    sizes.insert(size_between);
    f.gate.on_enter = nullptr;
  }
  EXPECT_GE(sizes.size(), 4U);
}

// One call may do a part only; the seam does all of it, as the OS binding does.
TEST(VirtualFilesTest, ShortReadsAndWritesAreGoneOnWith) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Fixture f(seed);
    f.decisions.SetRate("disk.short_read", 500'000);
    f.decisions.SetRate("disk.short_write", 500'000);
    const std::string data(9000, 'x');
    const auto file = f.MustOpen("a", env::OpenMode::kCreate);
    ASSERT_TRUE(file->WriteAt(0, data));
    ASSERT_TRUE(file->Append("yz"));
    std::string bytes(10'000, '\0');
    EXPECT_EQ(file->ReadAt(0, bytes.data(), bytes.size()).value(), data.size() + 2);
    EXPECT_EQ(bytes.substr(0, data.size() + 2), data + "yz");
    const auto pending = file->SubmitWrite(100, "submitted");
    ASSERT_TRUE(pending);
    EXPECT_TRUE((*pending)->Wait());
    EXPECT_EQ(f.Content("a").substr(98, 13), "xxsubmittedxx");
  }
}

TEST(VirtualFilesTest, AShortSubmissionIsNotDoneBeforeTheRestIs) {
  Fixture f;
  const auto file = f.MustOpen("a", env::OpenMode::kCreate);
  const auto pending = file->SubmitWrite(0, std::string(1000, 'x'));
  ASSERT_TRUE(pending);
  f.gate.Advance(10'000'000);
  f.decisions.Arm("disk.short_write");
  EXPECT_FALSE((*pending)->Done());
  f.gate.Advance(10'000'000);
  EXPECT_TRUE((*pending)->Done());
  EXPECT_TRUE((*pending)->Wait());
  EXPECT_EQ(f.Content("a"), std::string(1000, 'x'));
}

TEST(VirtualFilesTest, ReadsTakeTimeOnASlowDiskOnly) {
  for (const std::uint64_t percent : {100U, 1000U}) {
    Fixture f(1, {.latency_percent = percent});
    const auto file = f.MustOpen("a", env::OpenMode::kCreate);
    ASSERT_TRUE(file->WriteAt(0, "x"));
    const std::uint64_t before = f.gate.Now();
    char byte = 0;
    ASSERT_TRUE(file->ReadAt(0, &byte, 1));
    EXPECT_EQ(f.gate.Now() - before >= 200'000, percent > 100);
  }
}

}  // namespace
}  // namespace beach::sim
