// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sim/disk/disk.h"
#include "sim/disk/test_decisions.h"

namespace beach::sim {

inline constexpr ProcessId kProcess{1};

// A disk, and short ways to use it.
struct DiskFixture {
  explicit DiskFixture(std::uint64_t seed = 1, const DiskOptions& options = {})
      : decisions(seed), disk(Disk::Make(options, decisions)) {}

  Descriptor Open(const std::string& path, env::OpenMode mode = env::OpenMode::kReadWrite,
                  bool direct = false) {
    Descriptor descriptor;
    EXPECT_EQ(disk->Open(kProcess, path, {mode, direct}, descriptor), 0) << path;
    return descriptor;
  }
  Descriptor Create(const std::string& path, bool direct = false) {
    return Open(path, env::OpenMode::kCreate, direct);
  }
  // A file with this content, durable with its name (in the root).
  Descriptor CreateDurable(const std::string& path, ByteView content) {
    const Descriptor file = Create(path);
    EXPECT_EQ(disk->WriteAt(file, 0, content, false), 0);
    EXPECT_EQ(disk->Sync(file), 0);
    EXPECT_EQ(disk->SyncDirectory("/"), 0);
    return file;
  }
  CutSummary PowerLoss(std::uint64_t mode) {
    decisions.Fix("disk.cut.mode", mode);
    disk->KillProcess(kProcess);
    return disk->PowerLoss();
  }
  std::string Content(const std::string& path) {
    auto bytes = disk->Inspect(path);
    return bytes ? *bytes : "(" + bytes.error().ToString() + ")";
  }
  std::vector<std::string> List(const std::string& path) {
    std::vector<std::string> names;
    EXPECT_EQ(disk->List(path, names), 0);
    return names;
  }

  TestDecisions decisions;
  std::unique_ptr<Disk> disk;
};

}  // namespace beach::sim
