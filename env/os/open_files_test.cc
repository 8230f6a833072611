// SPDX-License-Identifier: Apache-2.0
#include "env/os/open_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "env/conformance/expect.h"
#include "env/memory/memory_files.h"
#include "env/os/posix_files.h"

namespace beach::env {
namespace {

TEST(OpenFiles, OnlyWhatWasRegisteredIsFound) {
  // Three that nobody has registered, by address: the ones on either side will be.
  const auto files = NewMemoryFiles(1 << 20);
  std::vector<std::unique_ptr<File>> all;
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_OK_ASSIGN(auto file, files->Open(name, {.mode = OpenMode::kCreate}));
    all.push_back(std::move(file));
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return std::less<>()(a.get(), b.get()); });
  const auto descriptor = std::make_shared<const Descriptor>(
      ::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null", false);
  RegisterOpenFile(*all[2], descriptor);
  RegisterOpenFile(*all[0], descriptor);
  EXPECT_EQ(FindOpenFile(*all[0]), descriptor);
  EXPECT_EQ(FindOpenFile(*all[1]), nullptr);
  EXPECT_EQ(FindOpenFile(*all[2]), descriptor);
  ForgetOpenFile(*all[0]);
  EXPECT_EQ(FindOpenFile(*all[0]), nullptr);
  EXPECT_EQ(FindOpenFile(*all[2]), descriptor);
  ForgetOpenFile(*all[2]);
  EXPECT_EQ(descriptor.use_count(), 1);
}

TEST(OpenFiles, FilesOfThisMachineAreKnownWhileTheyAreOpen) {
  const auto files = NewPosixFiles();
  ASSERT_OK_ASSIGN(auto file, files->Open("/dev/full", {.mode = OpenMode::kReadWrite}));
  const auto descriptor = FindOpenFile(*file);
  ASSERT_NE(descriptor, nullptr);
  EXPECT_EQ(descriptor->path(), "/dev/full");
  file.reset();
  EXPECT_EQ(descriptor.use_count(), 1);
}

}  // namespace
}  // namespace beach::env
