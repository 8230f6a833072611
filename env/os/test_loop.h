// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/os/test_fixture.h"

namespace beach::env {

using conformance::CaseLoop;
using conformance::End;
using conformance::kMillisecond;
using conformance::Pair;

// A loop of this machine, and what it accepts.
class OsLoopTest : public testing::Test {
 protected:
  // A listener that keeps the connections it is given.
  std::unique_ptr<Listener> Listen(const std::string& host = "127.0.0.1",
                                   const ConnectionOptions& options = {}) {
    auto made = loop_->Listen(host + ":0", options, [this](std::unique_ptr<Connection> one) {
      ends_.push_back(std::make_unique<End>());
      ends_.back()->connection = std::move(one);
      Connection::Callbacks callbacks = ends_.back()->Recorders();
      if (asks_for_end_) callbacks.on_end = [end = ends_.back().get()] { ++end->ended; };
      return callbacks;
    });
    EXPECT_TRUE(made.has_value()) << made.error().ToString();
    return *std::move(made);
  }
  bool RunUntilAccepted(std::size_t count) {
    return loop_.RunUntil([&] { return ends_.size() == count; });
  }
  End& end() { return *ends_.back(); }

  OsFixture world_{AsyncWrites::kRing};
  CaseLoop loop_{world_};
  std::vector<std::unique_ptr<End>> ends_;
  bool asks_for_end_ = false;
};

inline std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

}  // namespace beach::env
