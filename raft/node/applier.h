// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "env/clock.h"
#include "env/loop.h"
#include "env/threads.h"
#include "raft/node/state_machine.h"
#include "raft/types.h"

namespace beach::raft {

// Hands committed entries to the state machine: on the loop's thread while memory is enough, else
// on a thread of its own. In order, each once. Of one loop, and on its thread.
class Applier {
 public:
  struct Callbacks {
    // Applied, with what the state machine said to each. None of the two may destroy the applier.
    std::function<void(std::span<const Entry>, std::span<const Bytes> answers)> on_applied;
    std::function<void(const Error&)> on_failed;  // nothing more is applied
  };

  Applier(env::Clock& clock, env::Loop& loop, StateMachine& machine, Callbacks callbacks);
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;
  // Waits for the thread; what it has applied meanwhile is told to nobody.
  ~Applier();

  // Tells of what it applies at once, from inside the call.
  void Add(std::span<const Entry> entries);
  // What was handed in is void: what waits is dropped, and what the thread does is told to nobody.
  // `idle` is called from the loop once it does nothing; not at all where it failed. REQUIRES:
  // nothing is handed in until then.
  void Void(std::function<void()> idle);
  // Entries that wait, or are with the thread.
  std::size_t waiting() const { return waiting_.size() + handed_over_; }
  // The thread has found no space, and looks for some now and then. Any thread.
  bool awaits_space() const { return awaits_space_; }

 private:
  // Between the loop and the thread.
  struct Desk {
    env::Mutex mutex;
    env::CondVar work;
    // All under mutex.
    std::vector<Entry> entries;  // not empty: the thread's
    bool stop = false;
    bool is_void = false;  // what the thread has: it need not be applied
  };

  void Run();
  void HandOver();
  void Work();
  Result<std::size_t> ApplyAll(std::span<const Entry> entries, std::vector<Bytes>& answers);
  void Finished(std::vector<Entry> entries, Result<std::size_t> applied,
                std::vector<Bytes> answers);
  void Failed(const Error& error);
  void Idle();

  env::Clock& clock_;
  env::Loop& loop_;
  StateMachine& machine_;
  const Callbacks callbacks_;
  std::deque<Entry> waiting_;
  std::size_t handed_over_ = 0;  // to the thread, which has not answered yet
  bool failed_ = false;
  std::function<void()> idle_;  // set: all is void
  std::vector<Entry> turn_;
  std::vector<Bytes> answers_;
  std::atomic<bool> awaits_space_ = false;
  std::shared_ptr<Applier*> self_;  // whoever posts has it weakly
  Desk desk_;
  env::Thread thread_;
};

}  // namespace beach::raft
