// SPDX-License-Identifier: Apache-2.0
#include "engine/file_copy.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "engine/options.h"
#include "engine/testing/memory_files.h"

namespace beach::engine {
namespace {

using testing::FileCall;
using testing::FileEvent;

// Of several pieces, and a part of one.
Bytes LargeContent() {
  Bytes content;
  while (content.size() < 2 * kMiB) content += std::to_string(content.size());
  return content;
}

TEST(CopyFile, MakesTheSameBytesAndTellsTheirChecksum) {
  testing::MemoryFiles files;
  const Bytes content = LargeContent();
  for (const Bytes& source : {content, Bytes()}) {
    files.SetContent("from", source);
    const auto copied = CopyFile(files, "from", "to");
    ASSERT_TRUE(copied);
    EXPECT_EQ(files.Content("to"), source);
    EXPECT_EQ(*copied, Crc32c(source));
    EXPECT_EQ(*ChecksumOfFile(files, "to"), Crc32c(source));
    EXPECT_EQ(files.syncs("to"), 1U);
    ASSERT_TRUE(files.Remove("to"));
  }
}

TEST(CopyFile, AFileThatBecomesShorterMeanwhileIsDamagedAtItsEnd) {
  constexpr std::uint64_t kEnd = kMiB + 7;
  testing::MemoryFiles files;
  files.set_hook([&files](const FileEvent& event) -> Status {
    if (event.call == FileCall::kRead && event.offset > 0)
      files.SetContent("from", Bytes(kEnd, 'x'));
    return {};
  });
  files.SetContent("from", LargeContent());
  const auto copied = CopyFile(files, "from", "to");
  files.SetContent("from", LargeContent());
  for (const auto& read : {copied, ChecksumOfFile(files, "from")}) {
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(read.error().path(), "from");
    EXPECT_EQ(read.error().offset(), kEnd);
  }
}

}  // namespace
}  // namespace beach::engine
