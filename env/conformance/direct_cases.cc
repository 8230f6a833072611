// SPDX-License-Identifier: Apache-2.0
#include "env/conformance/aligned_bytes.h"
#include "env/conformance/expect.h"
#include "env/conformance/file_cases.h"

namespace beach::env::conformance {
namespace {

constexpr std::size_t kBlock = kDirectAlignment;
constexpr OpenOptions kDirectNew{.mode = OpenMode::kCreate, .direct = true};

// Opens a direct file as `name`; the case is skipped where the file system has none.
#define OPEN_DIRECT_OR_SKIP(name, path)                                               \
  auto name##_opened = world.files().Open(path, kDirectNew);                          \
  if (!name##_opened && name##_opened.error().code() == ErrorCode::kUnsupported) {    \
    EXPECT_EQ(world.files().Exists(path), false) << "a refused open left a file";     \
    GTEST_SKIP() << name##_opened.error().ToString();                                 \
  }                                                                                   \
  ASSERT_OK(name##_opened);                                                           \
  const std::unique_ptr<File> name = *std::move(name##_opened)

void AlignedWritesReadBack(Fixture& world) {
  const std::string path = world.Path("a");
  OPEN_DIRECT_OR_SKIP(file, path);
  AlignedBytes first(2 * kBlock, 'a');
  AlignedBytes second(kBlock, 'b');
  ASSERT_OK(file->WriteAt(0, first.view()));
  ASSERT_OK(file->WriteAt(kBlock, second.view()));
  ASSERT_OK(file->Append(second.view()));
  EXPECT_EQ(file->Size(), 3 * kBlock);
  AlignedBytes read(4 * kBlock, '?');
  EXPECT_EQ(file->ReadAt(0, read.data(), 4 * kBlock), 3 * kBlock);
  const Bytes expected = Bytes(kBlock, 'a') + Bytes(2 * kBlock, 'b');
  EXPECT_EQ(read.view().substr(0, 3 * kBlock), expected);
  EXPECT_EQ(ReadFile(world.files(), path), expected);
}

void MisalignedWritesAreRefused(Fixture& world) {
  const std::string path = world.Path("a");
  OPEN_DIRECT_OR_SKIP(file, path);
  AlignedBytes block(kBlock, 'a');
  const ByteView good = block.view();
  constexpr ErrorCode kCode = ErrorCode::kInvalidArgument;
  for (const std::uint64_t offset : {std::uint64_t{1}, std::uint64_t{512}, kBlock + 2'048}) {
    const Status refused = file->WriteAt(offset, good);
    EXPECT_TRUE(FailsWith(refused, kCode, path));
    EXPECT_EQ(refused.error().offset(), offset);
    EXPECT_TRUE(FailsWith(file->SubmitWrite(offset, good), kCode, path));
  }
  for (const std::size_t length : {std::size_t{1}, std::size_t{512}, kBlock - 1}) {
    EXPECT_TRUE(FailsWith(file->WriteAt(0, good.substr(0, length)), kCode, path));
    EXPECT_TRUE(FailsWith(file->Append(good.substr(0, length)), kCode, path));
    EXPECT_TRUE(FailsWith(file->SubmitWrite(0, good.substr(0, length)), kCode, path));
  }
  const ByteView shifted(block.data() + 512, kBlock);
  EXPECT_TRUE(FailsWith(file->WriteAt(0, shifted), kCode, path));
  EXPECT_TRUE(FailsWith(file->SubmitWrite(0, shifted), kCode, path));
  EXPECT_EQ(file->Size(), 0U);  // nothing was done
}

void AppendToAnUnalignedEndIsRefused(Fixture& world) {
  const std::string path = world.Path("a");
  OPEN_DIRECT_OR_SKIP(file, path);
  AlignedBytes block(kBlock, 'a');
  ASSERT_OK(file->Truncate(100));
  EXPECT_TRUE(FailsWith(file->Append(block.view()), ErrorCode::kInvalidArgument, path));
  EXPECT_EQ(file->Size(), 100U);
}

void AnyRangeCanBeRead(Fixture& world) {
  OPEN_DIRECT_OR_SKIP(file, world.Path("a"));
  AlignedBytes blocks(2 * kBlock, 'a');
  std::memcpy(blocks.data() + kBlock - 2, "wxyz", 4);
  ASSERT_OK(file->WriteAt(0, blocks.view()));
  EXPECT_EQ(ReadBytes(*file, kBlock - 3, 6), Bytes("awxyza"));
  EXPECT_EQ(ReadBytes(*file, 2 * kBlock - 2, 100), Bytes("aa"));
  EXPECT_EQ(ReadBytes(*file, 2 * kBlock + 1, 100), Bytes());
  ASSERT_OK(file->Truncate(kBlock + 1));
  EXPECT_EQ(ReadBytes(*file, kBlock - 1, 100), Bytes("xy"));
}

void DirectAndBufferedHandlesSeeEachOther(Fixture& world) {
  const std::string path = world.Path("a");
  OPEN_DIRECT_OR_SKIP(direct, path);
  ASSERT_OK_ASSIGN(const auto buffered,
                   world.files().Open(path, {.mode = OpenMode::kReadWrite}));
  ASSERT_OK(buffered->WriteAt(0, Bytes(2 * kBlock, 'b')));
  EXPECT_EQ(ReadBytes(*direct, kBlock, 2), Bytes("bb"));
  AlignedBytes block(kBlock, 'd');
  ASSERT_OK(direct->WriteAt(kBlock, block.view()));
  EXPECT_EQ(ReadBytes(*buffered, kBlock - 1, 2), Bytes("bd"));
  EXPECT_EQ(ReadBytes(*buffered, 0, 3 * kBlock), Bytes(kBlock, 'b') + Bytes(kBlock, 'd'));
}

void WritesIntoAllocatedRoom(Fixture& world) {
  OPEN_DIRECT_OR_SKIP(file, world.Path("a"));
  ASSERT_OK(file->Allocate(4 * kBlock));
  AlignedBytes block(kBlock, 'd');
  ASSERT_OK(file->WriteAt(2 * kBlock, block.view()));
  EXPECT_EQ(file->Size(), 4 * kBlock);
  EXPECT_EQ(ReadBytes(*file, 0, 4 * kBlock),
            Bytes(2 * kBlock, '\0') + Bytes(kBlock, 'd') + Bytes(kBlock, '\0'));
}

void OpenModesHoldForDirectFilesToo(Fixture& world) {
  const std::string path = world.Path("a");
  OPEN_DIRECT_OR_SKIP(file, path);
  EXPECT_TRUE(FailsWith(world.files().Open(path, kDirectNew), ErrorCode::kAlreadyExists, path));
  EXPECT_EQ(world.files().Exists(path), true);
  const std::string missing = world.Path("missing");
  const OpenOptions existing{.mode = OpenMode::kReadWrite, .direct = true};
  EXPECT_TRUE(FailsWith(world.files().Open(missing, existing), ErrorCode::kNotFound, missing));
}

void AsyncWritesToADirectFile(Fixture& world) {
  OPEN_DIRECT_OR_SKIP(file, world.Path("a"));
  AlignedBytes first(kBlock, '1');
  AlignedBytes second(3 * kBlock, '2');
  ASSERT_OK_ASSIGN(const auto later, file->SubmitWrite(kBlock, second.view()));
  ASSERT_OK_ASSIGN(const auto earlier, file->SubmitWrite(0, first.view()));
  ASSERT_OK(later->Wait());
  ASSERT_OK(earlier->Wait());
  EXPECT_EQ(ReadBytes(*file, 0, 5 * kBlock), Bytes(kBlock, '1') + Bytes(3 * kBlock, '2'));
}

constexpr Case kCases[] = {
    {"AlignedWritesReadBack", AlignedWritesReadBack},
    {"MisalignedWritesAreRefused", MisalignedWritesAreRefused},
    {"AppendToAnUnalignedEndIsRefused", AppendToAnUnalignedEndIsRefused},
    {"AnyRangeCanBeRead", AnyRangeCanBeRead},
    {"DirectAndBufferedHandlesSeeEachOther", DirectAndBufferedHandlesSeeEachOther},
    {"WritesIntoAllocatedRoom", WritesIntoAllocatedRoom},
    {"OpenModesHoldForDirectFilesToo", OpenModesHoldForDirectFilesToo},
    {"AsyncWritesToADirectFile", AsyncWritesToADirectFile},
};

}  // namespace

std::span<const Case> DirectCases() { return kCases; }

}  // namespace beach::env::conformance
