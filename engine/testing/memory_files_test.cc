// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/memory_files.h"

#include <gtest/gtest.h>

namespace beach::engine::testing {
namespace {

constexpr env::OpenOptions kCreate{.mode = env::OpenMode::kCreate, .direct = false};
constexpr env::OpenOptions kRead{.mode = env::OpenMode::kRead, .direct = false};

TEST(MemoryFiles, KeepsWhatIsWrittenUnderItsNames) {
  MemoryFiles files;
  ASSERT_TRUE(files.CreateDirectory("d").has_value());
  {
    const auto file = files.Open("d/a", kCreate).value();
    ASSERT_TRUE(file->Append("one").has_value());
    ASSERT_TRUE(file->WriteAt(5, "two").has_value());
    ASSERT_TRUE(file->SubmitWrite(0, "O").value()->Wait().has_value());
    EXPECT_EQ(file->Size().value(), 8U);
    char bytes[16];
    EXPECT_EQ(file->ReadAt(6, bytes, sizeof bytes).value(), 2U);
    EXPECT_EQ(file->ReadAt(9, bytes, sizeof bytes).value(), 0U);
  }
  EXPECT_EQ(files.Content("d/a"), Bytes("One\0\0two", 8));
  ASSERT_TRUE(files.Link("d/a", "d/b").has_value());
  ASSERT_TRUE(files.Rename("d/a", "d/c").has_value());
  EXPECT_EQ(files.List("d").value(), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(files.RemoveDirectory("d").error().code(), ErrorCode::kIo);
  EXPECT_EQ(files.Open("d/a", kRead).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(files.Open("d/b", kCreate).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(files.Open("e/b", kCreate).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(files.Open("d/b", kRead).value()->Append("x").error().code(), ErrorCode::kIo);
}

TEST(MemoryFiles, ADirectoryIsRenamedWithAllThatIsInIt) {
  MemoryFiles files;
  ASSERT_TRUE(files.CreateDirectory("d").has_value());
  ASSERT_TRUE(files.CreateDirectory("d/e").has_value());
  ASSERT_TRUE(files.CreateDirectory("full").has_value());
  files.SetContent("d/a", "1");
  files.SetContent("d/e/b", "2");
  files.SetContent("da", "3");
  files.SetContent("full/c", "4");
  EXPECT_EQ(files.Rename("d", "full").error().code(), ErrorCode::kIo);
  ASSERT_TRUE(files.Rename("d", "f").has_value());
  EXPECT_EQ(files.List("f").value(), (std::vector<std::string>{"a", "e"}));
  EXPECT_EQ(files.Content("f/e/b"), "2");
  EXPECT_EQ(files.Content("da"), "3");
  EXPECT_FALSE(files.Exists("d").value());
}

TEST(MemoryFiles, ALockIsHeldByOne) {
  MemoryFiles files;
  {
    const auto lock = files.Lock("LOCK");
    ASSERT_TRUE(lock.has_value());
    EXPECT_EQ(files.Lock("LOCK").error().code(), ErrorCode::kBusy);
  }
  EXPECT_TRUE(files.Lock("LOCK").has_value());
}

TEST(MemoryFiles, AHookedCallDoesNothing) {
  MemoryFiles files;
  const auto file = files.Open("f", kCreate).value();
  files.set_hook([](const FileEvent& event) -> Status {
    if (event.call == FileCall::kWrite && event.offset == 2) return Fail(ErrorCode::kIo, "hook");
    return {};
  });
  EXPECT_TRUE(file->Append("ab").has_value());
  EXPECT_EQ(file->Append("cd").error().message(), "hook");
  EXPECT_EQ(files.Content("f"), "ab");
}

}  // namespace
}  // namespace beach::engine::testing
