// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <vector>

#include "env/conformance/expect.h"
#include "env/conformance/file_cases.h"
#include "env/threads.h"

namespace beach::env::conformance {
namespace {

constexpr OpenOptions kNew{.mode = OpenMode::kCreate};

Bytes Zeros(std::size_t length) { return Bytes(length, '\0'); }

void NewFileIsEmpty(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  EXPECT_EQ(file->path(), world.Path("a"));
  EXPECT_EQ(file->Size(), 0U);
  char byte = 'x';
  EXPECT_EQ(file->ReadAt(0, &byte, 1), 0U);
  EXPECT_EQ(byte, 'x');
}

void CreateRefusesAnExistingFile(Fixture& world) {
  const std::string path = world.Path("a");
  ASSERT_OK(MakeFile(world.files(), path, "old"));
  EXPECT_TRUE(
      FailsWithErrno(world.files().Open(path, kNew), ErrorCode::kAlreadyExists, path, EEXIST));
  EXPECT_EQ(ReadFile(world.files(), path), Bytes("old"));
}

void OpenOfAMissingFileIsNotFound(Fixture& world) {
  const std::string path = world.Path("missing");
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
    EXPECT_TRUE(FailsWithErrno(world.files().Open(path, {.mode = mode}), ErrorCode::kNotFound, path,
                               ENOENT));
  }
  EXPECT_EQ(world.files().Exists(path), false);
}

void CreateInAMissingDirectoryIsNotFound(Fixture& world) {
  const std::string path = world.Path("missing/a");
  EXPECT_TRUE(FailsWithErrno(world.files().Open(path, kNew), ErrorCode::kNotFound, path, ENOENT));
}

void OpenOfADirectoryFails(Fixture& world) {
  const std::string path = world.Path("d");
  ASSERT_OK(world.files().CreateDirectory(path));
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
    EXPECT_TRUE(FailsWith(world.files().Open(path, {.mode = mode}), ErrorCode::kRefused, path));
  }
}

void ReadsStopAtTheEnd(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->WriteAt(0, "0123456789"));
  EXPECT_EQ(ReadBytes(*file, 0, 10), Bytes("0123456789"));
  EXPECT_EQ(ReadBytes(*file, 3, 4), Bytes("3456"));
  EXPECT_EQ(ReadBytes(*file, 7, 100), Bytes("789"));
  EXPECT_EQ(ReadBytes(*file, 10, 5), Bytes());
  EXPECT_EQ(ReadBytes(*file, 1 << 20, 5), Bytes());
  EXPECT_EQ(ReadBytes(*file, 4, 0), Bytes());
}

void ShortReadLeavesTheRestOfTheTarget(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->WriteAt(0, "ab"));
  char target[4] = {'w', 'x', 'y', 'z'};
  EXPECT_EQ(file->ReadAt(1, target, 3), 1U);
  EXPECT_EQ(ByteView(target, 4), "bxyz");
}

void GapsReadAsZeros(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->WriteAt(0, "head"));
  ASSERT_OK(file->WriteAt(10'000, "tail"));
  EXPECT_EQ(file->Size(), 10'004U);
  EXPECT_EQ(ReadBytes(*file, 0, 20'000), "head" + Zeros(9'996) + "tail");
}

void OverwritingKeepsTheRest(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->WriteAt(0, Bytes(9'000, 'a')));
  ASSERT_OK(file->WriteAt(4'090, "bbbbbbbbbb"));
  EXPECT_EQ(file->Size(), 9'000U);
  EXPECT_EQ(ReadBytes(*file, 0, 9'000), Bytes(4'090, 'a') + Bytes(10, 'b') + Bytes(4'900, 'a'));
}

void EmptyWriteChangesNothing(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->WriteAt(100, ""));
  ASSERT_OK(file->Append(""));
  EXPECT_EQ(file->Size(), 0U);
}

void AppendGoesToTheEnd(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->Append("one"));
  ASSERT_OK(file->Append("two"));
  ASSERT_OK(file->WriteAt(8, "x"));
  ASSERT_OK(file->Append("three"));
  EXPECT_EQ(ReadBytes(*file, 0, 100), "onetwo" + Zeros(2) + "xthree");
  ASSERT_OK(file->Truncate(3));
  ASSERT_OK(file->Append("!"));
  EXPECT_EQ(ReadBytes(*file, 0, 100), Bytes("one!"));
}

void TruncateCutsAndExtendsWithZeros(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->WriteAt(0, Bytes(6'000, 'a')));
  ASSERT_OK(file->Truncate(5'000));
  EXPECT_EQ(file->Size(), 5'000U);
  ASSERT_OK(file->Truncate(9'000));
  // What was cut off does not come back.
  EXPECT_EQ(ReadBytes(*file, 0, 10'000), Bytes(5'000, 'a') + Zeros(4'000));
  ASSERT_OK(file->Truncate(0));
  EXPECT_EQ(file->Size(), 0U);
}

void AllocateExtendsWithZerosAndNeverCuts(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  ASSERT_OK(file->WriteAt(0, "head"));
  ASSERT_OK(file->Allocate(100'000));
  EXPECT_EQ(file->Size(), 100'000U);
  EXPECT_EQ(ReadBytes(*file, 0, 200'000), "head" + Zeros(99'996));
  ASSERT_OK(file->Allocate(10));
  ASSERT_OK(file->Allocate(0));
  EXPECT_EQ(file->Size(), 100'000U);
}

void ContentSurvivesReopening(Fixture& world) {
  const std::string path = world.Path("a");
  {
    ASSERT_OK_ASSIGN(const auto file, world.files().Open(path, kNew));
    ASSERT_OK(file->WriteAt(0, "abcdef"));
    ASSERT_OK(file->SyncData());
    ASSERT_OK(file->Sync());
  }
  {
    ASSERT_OK_ASSIGN(const auto file, world.files().Open(path, {.mode = OpenMode::kReadWrite}));
    EXPECT_EQ(ReadBytes(*file, 0, 100), Bytes("abcdef"));
    ASSERT_OK(file->WriteAt(3, "X"));
  }
  EXPECT_EQ(ReadFile(world.files(), path), Bytes("abcXef"));
}

void WriteBackChangesNothing(Fixture& world) {
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  const Bytes content(100'000, 'x');
  ASSERT_OK(file->WriteAt(0, content));
  file->BeginWriteBack(0, 65'536);
  file->BeginWriteBack(4'096, 0);  // as far as there is anything
  file->BeginWriteBack(1'000'000, 4'096);
  ASSERT_OK(file->WriteAt(10, "y"));
  ASSERT_OK(file->SyncData());
  EXPECT_EQ(file->Size(), 100'000U);
  EXPECT_EQ(ReadBytes(*file, 0, 200'000), Bytes(10, 'x') + "y" + Bytes(99'989, 'x'));
}

void HandlesOfOneFileSeeEachOther(Fixture& world) {
  const std::string path = world.Path("a");
  ASSERT_OK_ASSIGN(const auto writer, world.files().Open(path, kNew));
  ASSERT_OK_ASSIGN(const auto reader, world.files().Open(path, {}));
  ASSERT_OK(writer->WriteAt(0, "first"));
  EXPECT_EQ(ReadBytes(*reader, 0, 10), Bytes("first"));
  ASSERT_OK(writer->Truncate(2));
  EXPECT_EQ(reader->Size(), 2U);
}

void ReadHandleRefusesEveryChange(Fixture& world) {
  const std::string path = world.Path("a");
  ASSERT_OK(MakeFile(world.files(), path, "old"));
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(path, {.mode = OpenMode::kRead}));
  const Status write = file->WriteAt(0, "new");
  EXPECT_FALSE(write.has_value());
  EXPECT_EQ(write.error().path(), path);
  EXPECT_FALSE(file->Append("new").has_value());
  EXPECT_FALSE(file->Truncate(0).has_value());
  EXPECT_FALSE(file->Allocate(100).has_value());
  EXPECT_EQ(ReadFile(world.files(), path), Bytes("old"));
}

void ThreadsWriteDistinctRangesAtOnce(Fixture& world) {
  constexpr std::size_t kRange = 3'000;  // ranges share blocks
  ASSERT_OK_ASSIGN(const auto file, world.files().Open(world.Path("a"), kNew));
  std::vector<Thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back("writer", [&file = *file, i] {
      const Bytes content(kRange, static_cast<char>('a' + i));
      EXPECT_TRUE(file.WriteAt(i * kRange, content).has_value());
      EXPECT_EQ(ReadBytes(file, i * kRange, kRange), content);
    });
  }
  for (Thread& thread : threads) thread.Join();
  EXPECT_EQ(ReadBytes(*file, 0, 5 * kRange),
            Bytes(kRange, 'a') + Bytes(kRange, 'b') + Bytes(kRange, 'c') + Bytes(kRange, 'd'));
}

constexpr Case kCases[] = {
    {"NewFileIsEmpty", NewFileIsEmpty},
    {"CreateRefusesAnExistingFile", CreateRefusesAnExistingFile},
    {"OpenOfAMissingFileIsNotFound", OpenOfAMissingFileIsNotFound},
    {"CreateInAMissingDirectoryIsNotFound", CreateInAMissingDirectoryIsNotFound},
    {"OpenOfADirectoryFails", OpenOfADirectoryFails},
    {"ReadsStopAtTheEnd", ReadsStopAtTheEnd},
    {"ShortReadLeavesTheRestOfTheTarget", ShortReadLeavesTheRestOfTheTarget},
    {"GapsReadAsZeros", GapsReadAsZeros},
    {"OverwritingKeepsTheRest", OverwritingKeepsTheRest},
    {"EmptyWriteChangesNothing", EmptyWriteChangesNothing},
    {"AppendGoesToTheEnd", AppendGoesToTheEnd},
    {"TruncateCutsAndExtendsWithZeros", TruncateCutsAndExtendsWithZeros},
    {"AllocateExtendsWithZerosAndNeverCuts", AllocateExtendsWithZerosAndNeverCuts},
    {"ContentSurvivesReopening", ContentSurvivesReopening},
    {"WriteBackChangesNothing", WriteBackChangesNothing},
    {"HandlesOfOneFileSeeEachOther", HandlesOfOneFileSeeEachOther},
    {"ReadHandleRefusesEveryChange", ReadHandleRefusesEveryChange},
    {"ThreadsWriteDistinctRangesAtOnce", ThreadsWriteDistinctRangesAtOnce},
};

}  // namespace

std::span<const Case> ContentCases() { return kCases; }

}  // namespace beach::env::conformance
