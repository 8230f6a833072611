// SPDX-License-Identifier: Apache-2.0
// Asynchronous writes. They stand in the one queue of writers, so that their order is that of the
// calls; a thread "async" leads when one of them comes to its front. As many such threads as there
// may be flights: while one awaits its group's, the next forms and submits another. What is done is
// answered by one more thread, "answer", in the order in which it was done: a callback that writes
// waits for no thread that it holds up.
#include <string>
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "engine/limits.h"
#include "env/marks.h"

namespace beach::engine {

Status DbImpl::WriteAsync(const WriteOptions& options, WriteBatch batch, WriteDone done) {
  BEACH_TRY(CheckOwnLog());
  BEACH_TRY(CheckBatch(options_, batch));
  auto write = std::make_unique<AsyncWrite>();
  write->owned = std::move(batch);
  write->answer = std::move(done);
  write->batch = &write->owned;
  write->async = write.get();
  write->sync = options.sync;
  write->tag = options.tag;
  const std::uint64_t bytes = write->owned.size_bytes();

  const env::MutexLock lock(mutex_);
  if (closing_ || async_.closing) return Fail(ErrorCode::kClosed, "the database is closed");
  const bool full = async_.count >= options_.async_writes_max ||
                    (async_.count > 0 && async_.bytes + bytes > options_.async_bytes_max);
  BEACH_SOMETIMES("async.overloaded", full);
  if (full) {
    return Fail(ErrorCode::kOverloaded,
                "as many asynchronous writes wait as may be: " + std::to_string(async_.count) +
                    ", of " + std::to_string(async_.bytes) + " bytes");
  }
  ++async_.count;
  async_.bytes += bytes;
  if (!async_.answerer.joinable()) {
    async_.answerer = env::Thread("answer", [this] { AnswerLoop(); });
  }
  writers_.push_back(write.release());  // Acknowledge takes it back
  if (writers_.size() == 1) WakeFront();
  return {};
}

void DbImpl::WakeFront() {
  mutex_.AssertHeld();
  if (writers_.empty()) return;
  Writer& front = *writers_.front();
  if (front.async == nullptr) return front.turn.NotifyOne();
  if (async_.idle > 0) return async_.turn.NotifyOne();
  // None: one of those that there are comes to it when its group is done.
  if (async_.leaders.size() >= options_.wal_flights_max) return;
  const std::string name = "async" + std::to_string(async_.leaders.size());
  async_.leaders.emplace_back(name.c_str(), [this] { AsyncLoop(); });
}

void DbImpl::AsyncLoop() {
  const env::MutexLock lock(mutex_);
  while (true) {
    const bool turn = !writers_.empty() && writers_.front()->async != nullptr;
    if (turn && !writers_.front()->async->led) {
      AsyncWrite& write = *writers_.front()->async;
      write.led = true;
      LeadGroup(write);
      BEACH_CHECK(write.done);
      write.led = false;  // and it may be gone, with mutex_
      async_.answers_wait.NotifyOne();
      continue;
    }
    if (closing_) return;
    ++async_.idle;
    async_.turn.Wait(mutex_);
    --async_.idle;
  }
}

void DbImpl::AnswerLoop() {
  const env::MutexLock lock(mutex_);
  while (true) {
    // Its leader's thread may still look at the first one.
    while (async_.answers.empty() || async_.answers.front()->led) {
      if (closing_) return;
      async_.answers_wait.Wait(mutex_);
    }
    std::unique_ptr<AsyncWrite> write = std::move(async_.answers.front());
    async_.answers.pop_front();
    --async_.count;
    async_.bytes -= write->owned.size_bytes();
    async_.answering = true;
    {
      const env::MutexUnlock unlock(mutex_);
      if (write->answer) write->answer(write->status);
      write.reset();  // and what its callback holds
    }
    async_.answering = false;
    if (async_.count == 0) async_.answered.NotifyAll();
  }
}

// Close, before anything else ends: what is queued is written, or refused, as it would have been.
void DbImpl::DrainAsync() {
  mutex_.AssertHeld();
  async_.closing = true;
  BEACH_SOMETIMES("async.closed_with_some_queued", async_.count > 0);
  while (async_.count > 0 || async_.answering) async_.answered.Wait(mutex_);
}

void DbImpl::JoinAsync() {
  {
    const env::MutexLock lock(mutex_);
    async_.turn.NotifyAll();
    async_.answers_wait.NotifyAll();
  }
  for (env::Thread& thread : async_.leaders) thread.Join();
  async_.leaders.clear();
  if (async_.answerer.joinable()) async_.answerer.Join();
}

}  // namespace beach::engine
