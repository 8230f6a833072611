// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "env/loop.h"
#include "raft/transfer/helper.h"

namespace beach::raft::testing {

// For tests: a helper without a thread, whose work is done in a later turn of the loop.
class TurnHelper final : public Helper {
 public:
  explicit TurnHelper(env::Loop& loop) : loop_(loop), alive_(std::make_shared<bool>(true)) {}

  void Do(std::function<void()> work, std::function<void()> then) override {
    ++jobs;
    if (held) return waiting_.push_back({std::move(work), std::move(then)});
    Post(std::move(work), std::move(then));
  }

  void Release() {
    held = false;
    for (auto& [work, then] : std::exchange(waiting_, {})) Post(std::move(work), std::move(then));
  }

  std::uint64_t jobs = 0;
  bool held = false;  // what comes waits for Release

 private:
  void Post(std::function<void()> work, std::function<void()> then) {
    loop_.Post([weak = std::weak_ptr<bool>(alive_), work = std::move(work),
                then = std::move(then)]() mutable {
      if (weak.lock() == nullptr) return;
      work();
      work = nullptr;
      then();
    });
  }

  env::Loop& loop_;
  std::shared_ptr<bool> alive_;  // what is posted has it weakly
  std::vector<std::pair<std::function<void()>, std::function<void()>>> waiting_;
};

}  // namespace beach::raft::testing
