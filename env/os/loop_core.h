// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "env/os/os_clock.h"
#include "env/os/reactor.h"
#include "env/os/timer_queue.h"
#include "env/threads.h"

namespace beach::env {

// Has something to do when the turn ends: what was sent in it goes out in one piece.
class TurnEnd {
 public:
  // Makes its system calls, and no callback.
  virtual void FlushQueued() = 0;
  // Then calls back, at most once.
  virtual void TellFlushed() = 0;

 protected:
  ~TurnEnd() = default;
};

// What a loop and all that it has made share: the queues of callbacks, and memory that an idle
// connection need not hold. A batch of callbacks ends where one of them stops the loop; the rest
// follows when it is run again.
class LoopCore final : private Reactor::Owner {
 public:
  static constexpr std::size_t kReadBufferBytes = std::size_t{1} << 16;

  static Result<std::unique_ptr<LoopCore>> New();
  // REQUIRES: DropCallbacks has run, and nothing that counted itself is left.
  ~LoopCore();

  void Run();
  void Stop() { reactor_->Stop(); }
  bool stopping() const { return reactor_->stopping(); }

  void Post(std::function<void()> work);  // from any thread
  TimerQueue::Id At(std::uint64_t deadline_ns, std::function<void()> work);
  void Cancel(TimerQueue::Id timer);
  void AtTurnEnd(std::shared_ptr<TurnEnd> item);

  // Keeps a socket that has said its last word until its peer has too, or a while has passed:
  // closing it with input unread would make the kernel drop what it has not delivered yet.
  void Linger(std::unique_ptr<Watch> watch);

  // Also what they own, which may call all of the above.
  void DropCallbacks();

  Reactor& reactor() { return *reactor_; }
  OsClock& clock() { return clock_; }
  // Of whoever reads at present, until its callback has returned.
  char* read_buffer() { return read_buffer_.get(); }
  // Empty, with some capacity; to be given back when it has been emptied.
  Bytes TakeSendBuffer();
  void ReturnSendBuffer(Bytes buffer);
  // Connections and listeners: those that live.
  void CountMade() { ++made_; }
  void CountDestroyed() { --made_; }

 private:
  class Lingering;

  LoopCore() = default;

  void OnPosted() override;
  void OnTimer() override;
  void OnTurnEnd() override;
  void Arm(std::uint64_t deadline_ns);

  OsClock clock_;
  std::unique_ptr<Reactor> reactor_;

  Mutex mutex_;
  std::vector<std::function<void()>> posted_;   // under mutex_; a wake is under way if any
  std::vector<std::function<void()>> running_;  // from running_next_ on: another one, if any
  std::size_t running_next_ = 0;

  TimerQueue timers_;
  std::uint64_t armed_ns_ = TimerQueue::kNever;  // the reactor calls then
  std::uint64_t timers_run_at_ = 0;              // while they do

  std::vector<std::shared_ptr<TurnEnd>> turn_end_;  // OnTurnEnd is under way if any

  std::unique_ptr<char[]> read_buffer_ = std::make_unique<char[]>(kReadBufferBytes);
  std::vector<Bytes> send_buffers_;
  std::map<std::uint64_t, std::unique_ptr<Lingering>> lingering_;
  std::uint64_t next_lingering_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace beach::env
