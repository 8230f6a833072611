// SPDX-License-Identifier: Apache-2.0
#include "env/memory/memory_files.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "env/memory/memory_content.h"

namespace beach::env {
namespace {

constexpr std::uint64_t kLimit = 100'000;

TEST(MemoryFiles, BeyondTheLimitIsNoSpaceAndChangesNothing) {
  const auto files = NewMemoryFiles(kLimit);
  auto file = *files->Open("a", {.mode = OpenMode::kCreate});
  ASSERT_TRUE(file->WriteAt(0, Bytes(kLimit, 'x')));
  EXPECT_EQ(*files->FreeSpace("a"), 0U);
  EXPECT_EQ(file->Append("y").error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(file->Allocate(kLimit + 1).error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(file->Truncate(kLimit + 1).error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(file->WriteAt(~std::uint64_t{0}, "yy").error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(*file->Size(), kLimit);
  // What is there may always be written over.
  ASSERT_TRUE(file->WriteAt(kLimit - 1, "z"));
  // Open, it keeps its room without a name.
  ASSERT_TRUE(files->Remove("a"));
  EXPECT_EQ(*files->FreeSpace("."), 0U);
  ASSERT_TRUE(file->Truncate(kLimit / 2));
  EXPECT_EQ(*files->FreeSpace("."), kLimit / 2);
  file.reset();
  EXPECT_EQ(*files->FreeSpace("."), kLimit);
}

TEST(MemoryFiles, ZerosTakeNoMemoryUntilTheyAreWrittenOver) {
  MemoryContent content;
  content.WriteAt(0, Bytes(10 << 20, '\0'));
  EXPECT_EQ(content.size_bytes(), 10U << 20);
  EXPECT_EQ(content.allocated_bytes(), 0U);
  content.WriteAt(5 << 20, "x");
  EXPECT_LE(content.allocated_bytes(), 1U << 20);
  EXPECT_GT(content.allocated_bytes(), 0U);
}

RC_GTEST_PROP(MemoryContent, IsAStringUnderAnyWritesAndSizes, ()) {
  MemoryContent content;
  Bytes model;
  const int steps = *rc::gen::inRange(1, 30);
  for (int i = 0; i < steps; ++i) {
    const auto at = static_cast<std::size_t>(*rc::gen::inRange(0, 200'000));
    if (*rc::gen::inRange(0, 4) == 0) {
      content.Resize(at);
      model.resize(at);
    } else {
      const auto length = static_cast<std::size_t>(*rc::gen::inRange(0, 150'000));
      const Bytes data(length, *rc::gen::elementOf(Bytes("\0a", 2)));
      content.WriteAt(at, data);
      if (length > 0 && model.size() < at + length) model.resize(at + length);
      model.replace(std::min(at, model.size()), length, data);
    }
    RC_ASSERT(content.size_bytes() == model.size());
    Bytes read(model.size() + 10, '?');
    read.resize(content.ReadAt(0, read.data(), read.size()));
    RC_ASSERT(read == model);
  }
}

}  // namespace
}  // namespace beach::env
