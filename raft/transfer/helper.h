// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "env/loop.h"
#include "env/threads.h"

namespace beach::raft {

// Does what would block a loop elsewhere, one thing at a time, in the order of the calls.
class Helper {
 public:
  virtual ~Helper() = default;

  // `work` runs elsewhere, then `then` on the loop; never from inside this call. Work that has not
  // begun when the helper goes is dropped, and no `then` is called any more.
  virtual void Do(std::function<void()> work, std::function<void()> then) = 0;

  // The same, where `then` takes what `work` returns.
  template <class Work, class Then>
  void Ask(Work work, Then then) {
    using Answer = std::invoke_result_t<Work>;
    const auto answer = std::make_shared<std::optional<Answer>>();  // of the two functions
    Do([answer, work = std::move(work)]() mutable { answer->emplace(work()); },
       [answer, then = std::move(then)]() mutable { then(std::move(**answer)); });
  }
};

// A thread beside a loop. Of that loop, and on its thread.
class ThreadHelper final : public Helper {
 public:
  // `name`: as of env::Thread.
  ThreadHelper(env::Loop& loop, const char* name);
  ThreadHelper(const ThreadHelper&) = delete;
  ThreadHelper& operator=(const ThreadHelper&) = delete;
  // Waits for the work under way.
  ~ThreadHelper() override;

  void Do(std::function<void()> work, std::function<void()> then) override;

 private:
  struct Job {
    std::function<void()> work;
    std::function<void()> then;
  };
  void Work();

  env::Loop& loop_;
  std::shared_ptr<bool> alive_;  // what is posted has it weakly
  env::Mutex mutex_;
  env::CondVar wanted_;
  std::deque<Job> jobs_;  // under mutex_
  bool stop_ = false;     // under mutex_
  env::Thread thread_;
};

}  // namespace beach::raft
