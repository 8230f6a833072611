// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "env/conformance/fixture.h"
#include "env/os/os_env.h"

namespace beach::env {

// This machine, as a world for a test's cases.
class OsFixture final : public conformance::Fixture {
 public:
  explicit OsFixture(AsyncWrites async_writes)
      : os_{.files = NewPosixFiles(async_writes), .network = NewOsNetwork(async_writes)} {
    directory_ = testing::TempDir() + "beach_conformance_XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
  }
  ~OsFixture() override { std::filesystem::remove_all(directory_); }

  FileSystem& files() override { return *os_.files; }
  Clock& clock() override { return *os_.clock; }
  Env env() override { return os_.env(); }
  std::string Host() override { return "127.0.0.1"; }
  std::string directory() override { return directory_; }
  void Run(std::function<void()> body) override { body(); }

 private:
  OsEnv os_;
  std::string directory_;
};

}  // namespace beach::env
