// SPDX-License-Identifier: Apache-2.0
#include "raft/node/applier.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "env/marks.h"

namespace beach::raft {
namespace {

// Applied in one go: the loop has others to serve.
constexpr std::size_t kTurnMax = 256;

}  // namespace

Applier::Applier(env::Clock& clock, env::Loop& loop, StateMachine& machine, Callbacks callbacks)
    : clock_(clock),
      loop_(loop),
      machine_(machine),
      callbacks_(std::move(callbacks)),
      self_(std::make_shared<Applier*>(this)) {
  thread_ = env::Thread("raft-apply", [this] { Work(); });
}

Applier::~Applier() {
  {
    const env::MutexLock lock(desk_.mutex);
    desk_.stop = true;
    desk_.work.NotifyOne();
  }
  thread_.Join();
}

void Applier::Add(std::span<const Entry> entries) {
  if (failed_) return;
  BEACH_CHECK(idle_ == nullptr);
  waiting_.insert(waiting_.end(), entries.begin(), entries.end());
  if (handed_over_ == 0) Run();
}

void Applier::Void(std::function<void()> idle) {
  BEACH_CHECK(idle_ == nullptr);
  waiting_.clear();
  idle_ = std::move(idle);
  BEACH_SOMETIMES("raft.install_while_applying", handed_over_ > 0);
  if (handed_over_ > 0) {
    const env::MutexLock lock(desk_.mutex);
    desk_.is_void = true;
    desk_.work.NotifyOne();
    return;
  }
  loop_.Post([weak = std::weak_ptr<Applier*>(self_)] {
    const std::shared_ptr<Applier*> self = weak.lock();
    if (self != nullptr) (*self)->Idle();
  });
}

void Applier::Idle() {
  if (!failed_) std::exchange(idle_, nullptr)();
}

// On the loop: as much as can be had without waiting for a disk.
void Applier::Run() {
  while (!waiting_.empty() && !failed_) {
    turn_.clear();
    const std::size_t count = std::min(waiting_.size(), kTurnMax);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    turn_.assign(waiting_.begin(), end);
    answers_.clear();
    const Result<std::size_t> applied = machine_.Apply(turn_, false, answers_);
    if (!applied) return Failed(applied.error());
    BEACH_CHECK_LE(*applied, count);
    BEACH_CHECK_EQ(answers_.size(), *applied);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(*applied));
    BEACH_SOMETIMES("raft.apply_would_block", *applied < count);
    if (*applied > 0) callbacks_.on_applied(std::span(turn_).first(*applied), answers_);
    if (*applied < count) return HandOver();
  }
}

void Applier::HandOver() {
  const std::size_t count = std::min(waiting_.size(), kTurnMax);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  handed_over_ = count;
  const env::MutexLock lock(desk_.mutex);
  BEACH_CHECK(desk_.entries.empty());
  desk_.is_void = false;
  desk_.entries.assign(std::move_iterator(waiting_.begin()), std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  desk_.work.NotifyOne();
}

// Waits for space where there is none. Fewer than all: it is to stop, or they are void.
Result<std::size_t> Applier::ApplyAll(std::span<const Entry> entries, std::vector<Bytes>& answers) {
  for (std::size_t done = 0;;) {
    BEACH_TRY_ASSIGN(const std::size_t applied,
                     machine_.Apply(entries.subspan(done), true, answers));
    done += applied;
    awaits_space_ = done < entries.size();
    if (!awaits_space_) return done;
    BEACH_SOMETIMES("raft.apply_awaits_space", true);
    const std::uint64_t again_ns = clock_.MonotonicNow() + kNoSpacePauseNs;
    const env::MutexLock lock(desk_.mutex);
    while (!desk_.stop && !desk_.is_void && clock_.MonotonicNow() < again_ns) {
      static_cast<void>(desk_.work.WaitUntil(desk_.mutex, again_ns));
    }
    if (!desk_.stop && !desk_.is_void) continue;
    awaits_space_ = false;
    return done;
  }
}

// The thread.
void Applier::Work() {
  for (;;) {
    std::vector<Entry> entries;
    {
      const env::MutexLock lock(desk_.mutex);
      while (desk_.entries.empty() && !desk_.stop) desk_.work.Wait(desk_.mutex);
      if (desk_.stop) return;
      std::swap(entries, desk_.entries);
    }
    std::vector<Bytes> answers;
    Result<std::size_t> applied = ApplyAll(entries, answers);
    loop_.Post([weak = std::weak_ptr<Applier*>(self_), entries = std::move(entries),
                applied = std::move(applied), answers = std::move(answers)]() mutable {
      const std::shared_ptr<Applier*> self = weak.lock();
      if (self != nullptr) {
        (*self)->Finished(std::move(entries), std::move(applied), std::move(answers));
      }
    });
  }
}

void Applier::Finished(std::vector<Entry> entries, Result<std::size_t> applied,
                       std::vector<Bytes> answers) {
  handed_over_ = 0;
  if (!applied) return Failed(applied.error());
  if (idle_ != nullptr) return Idle();
  BEACH_CHECK_EQ(*applied, entries.size());
  BEACH_CHECK_EQ(answers.size(), entries.size());
  callbacks_.on_applied(entries, answers);
  Run();
}

void Applier::Failed(const Error& error) {
  failed_ = true;
  waiting_.clear();
  callbacks_.on_failed(error);
}

}  // namespace beach::raft
