// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "env/conformance/clock_conformance.h"
#include "env/conformance/files_conformance.h"
#include "env/conformance/threads_conformance.h"
#include "env/os/os_env.h"

namespace beach::env {
namespace {

class OsFixture final : public conformance::Fixture {
 public:
  explicit OsFixture(AsyncWrites async_writes) : os_{.files = NewPosixFiles(async_writes)} {
    directory_ = testing::TempDir() + "beach_conformance_XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
  }
  ~OsFixture() override { std::filesystem::remove_all(directory_); }

  FileSystem& files() override { return *os_.files; }
  Clock& clock() override { return *os_.clock; }
  std::string directory() override { return directory_; }
  void Run(std::function<void()> body) override { body(); }

 private:
  OsEnv os_;
  std::string directory_;
};

conformance::FixtureMaker Maker(AsyncWrites async_writes) {
  return [async_writes] { return std::make_unique<OsFixture>(async_writes); };
}

[[maybe_unused]] const bool registered = [] {
  conformance::RegisterFileConformance("LinuxRing", Maker(AsyncWrites::kRing));
  conformance::RegisterFileConformance("LinuxWorkers", Maker(AsyncWrites::kThreads));
  conformance::RegisterClockConformance("Linux", Maker(AsyncWrites::kThreads));
  conformance::RegisterThreadConformance("Linux", Maker(AsyncWrites::kThreads));
  return true;
}();

}  // namespace
}  // namespace beach::env
