// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "env/conformance/files_conformance.h"
#include "env/memory/memory_files.h"
#include "env/os/os_clock.h"

namespace beach::env {
namespace {

class MemoryFixture final : public conformance::Fixture {
 public:
  FileSystem& files() override { return *files_; }
  Clock& clock() override { return clock_; }
  std::string directory() override { return "d"; }
  void Run(std::function<void()> body) override {
    ASSERT_TRUE(files_->CreateDirectory("d"));
    body();
  }

 private:
  const std::unique_ptr<FileSystem> files_ = NewMemoryFiles(std::uint64_t{1} << 40);
  OsClock clock_;
};

[[maybe_unused]] const bool registered = [] {
  conformance::RegisterFileConformance("Memory", [] { return std::make_unique<MemoryFixture>(); });
  return true;
}();

}  // namespace
}  // namespace beach::env
