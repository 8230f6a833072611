// SPDX-License-Identifier: Apache-2.0
#include "env/os/loop_core.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "env/os/system_call.h"

namespace beach::env {
namespace {

constexpr std::uint64_t kLingerNs = 5'000'000'000;
constexpr int kLingersMax = 12;  // a minute, for a peer that still takes what was sent
constexpr std::size_t kSendBuffersMax = 16;
constexpr std::size_t kSendBufferBytes = 4'096;
// A larger one, of a peer that was slow, is not kept.
constexpr std::size_t kSendBufferKeptMax = std::size_t{1} << 18;

}  // namespace

class LoopCore::Lingering final : public Watched {
 public:
  Lingering(LoopCore& core, std::uint64_t number, std::unique_ptr<Watch> watch)
      : core_(core), number_(number), watch_(std::move(watch)) {
    watch_->Tell(*this);
    watch_->AwaitReadable();
    SetTimer();
  }
  ~Lingering() { core_.Cancel(timer_); }
  Lingering(const Lingering&) = delete;
  Lingering& operator=(const Lingering&) = delete;

  void OnReadable() override {
    const ssize_t got = RetryOnSignal(
        [&] { return ::recv(watch_->fd(), core_.read_buffer(), kReadBufferBytes, MSG_DONTWAIT); });
    const bool more = got > 0 || (got < 0 && errno == EAGAIN);
    if (!more) return End();
    watch_->AwaitReadable();
  }
  void OnWritable() override {}

 private:
  void SetTimer() {
    timer_ = core_.At(core_.clock().MonotonicNow() + kLingerNs, [this] {
      int unsent = 0;  // or not acknowledged
      if (::ioctl(watch_->fd(), SIOCOUTQ, &unsent) != 0 || unsent == 0) return End();
      if (++lingers_ == kLingersMax) return End();
      SetTimer();
    });
  }
  void End() { core_.lingering_.erase(number_); }  // destroys this

  LoopCore& core_;
  const std::uint64_t number_;
  const std::unique_ptr<Watch> watch_;
  TimerQueue::Id timer_ = 0;
  int lingers_ = 0;
};

Result<std::unique_ptr<LoopCore>> LoopCore::New() {
  std::unique_ptr<LoopCore> core(new LoopCore);
  BEACH_TRY_ASSIGN(core->reactor_, NewReactor(*core));
  return core;
}

LoopCore::~LoopCore() {
  BEACH_CHECK_EQ(made_, 0U);  // connections and listeners are destroyed before their loop
  BEACH_CHECK(posted_.empty());
  BEACH_CHECK(timers_.empty());
}

void LoopCore::Run() {
  reactor_->Run();
  // The turn in which the loop was stopped sends, too. Who is to hear of it hears in the next run.
  for (const auto& item : turn_end_) item->FlushQueued();
}

void LoopCore::Post(std::function<void()> work) {
  BEACH_CHECK(work != nullptr);
  bool first = false;
  {
    const MutexLock lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (first) reactor_->Wake();
}

// One wake is under way for what an earlier run left in running_, one for posted_: each call ends
// one of them.
void LoopCore::OnPosted() {
  if (running_.empty()) {
    const MutexLock lock(mutex_);
    posted_.swap(running_);
  }
  while (running_next_ < running_.size() && !stopping()) {
    const std::function<void()> work = std::move(running_[running_next_++]);
    work();
  }
  if (running_next_ < running_.size()) return reactor_->Wake();
  running_.clear();
  running_next_ = 0;
}

TimerQueue::Id LoopCore::At(std::uint64_t deadline_ns, std::function<void()> work) {
  BEACH_CHECK(work != nullptr);
  // A timer that sets one in the past, again and again, must not overtake those that are due.
  deadline_ns = std::max(deadline_ns, timers_run_at_);
  const TimerQueue::Id timer = timers_.Add(deadline_ns, std::move(work));
  if (deadline_ns < armed_ns_ && timers_run_at_ == 0) Arm(deadline_ns);
  return timer;
}

// The reactor may wake for it all the same: cheaper than to tell the kernel each time.
void LoopCore::Cancel(TimerQueue::Id timer) {
  const std::function<void()> dropped = timers_.Remove(timer);
}

void LoopCore::Arm(std::uint64_t deadline_ns) {
  BEACH_CHECK_NE(deadline_ns, TimerQueue::kNever);
  armed_ns_ = deadline_ns;
  reactor_->WakeAt(deadline_ns);
}

void LoopCore::OnTimer() {
  const std::uint64_t now = clock_.MonotonicNow();
  timers_run_at_ = now;
  // Timers that these set wait for the next turn.
  const std::uint64_t end = timers_.next_sequence();
  std::function<void()> work;
  while (!stopping() && timers_.TakeDue(now, end, &work)) {
    work();
    work = nullptr;
  }
  timers_run_at_ = 0;
  armed_ns_ = TimerQueue::kNever;
  if (timers_.next_deadline() != TimerQueue::kNever) Arm(timers_.next_deadline());
}

void LoopCore::AtTurnEnd(std::shared_ptr<TurnEnd> item) {
  if (turn_end_.empty()) reactor_->EndTurn();
  turn_end_.push_back(std::move(item));
}

void LoopCore::OnTurnEnd() {
  const std::vector<std::shared_ptr<TurnEnd>> items = std::exchange(turn_end_, {});
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i]->FlushQueued();
    if (stopping()) {
      AtTurnEnd(items[i]);
    } else {
      items[i]->TellFlushed();
    }
  }
}

void LoopCore::Linger(std::unique_ptr<Watch> watch) {
  const std::uint64_t number = next_lingering_++;
  lingering_.emplace(number, std::make_unique<Lingering>(*this, number, std::move(watch)));
}

// What is dropped may own connections, and these more callbacks.
void LoopCore::DropCallbacks() {
  lingering_.clear();
  bool dropped = true;
  while (dropped) {
    std::vector<std::function<void()>> posted = std::exchange(running_, {});
    running_next_ = 0;
    const std::vector<std::shared_ptr<TurnEnd>> items = std::exchange(turn_end_, {});
    const TimerQueue timers = std::exchange(timers_, {});
    if (posted.empty()) {
      const MutexLock lock(mutex_);
      posted.swap(posted_);
    }
    dropped = !posted.empty() || !items.empty() || !timers.empty();
  }
}

Bytes LoopCore::TakeSendBuffer() {
  if (send_buffers_.empty()) {
    Bytes buffer;
    buffer.reserve(kSendBufferBytes);
    return buffer;
  }
  Bytes buffer = std::move(send_buffers_.back());
  send_buffers_.pop_back();
  return buffer;
}

void LoopCore::ReturnSendBuffer(Bytes buffer) {
  if (buffer.capacity() > kSendBufferKeptMax || send_buffers_.size() == kSendBuffersMax) return;
  buffer.clear();
  send_buffers_.push_back(std::move(buffer));
}

}  // namespace beach::env
