// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "env/clock.h"
#include "env/loop.h"

// A loop for tests of what speaks over one: no OS, no threads; time and bytes move when the test
// says so.

namespace beach::wire::testing {

class FakeClock final : public env::Clock {
 public:
  std::uint64_t MonotonicNow() override { return now_ns; }
  std::uint64_t WallNow() override { return wall_ns + now_ns; }
  void SleepUntil(std::uint64_t deadline_ns) override;

  std::uint64_t now_ns = 1'000'000'000;
  std::uint64_t wall_ns = 0;
};

// One end of a stream, as the test sees it; it outlives the Connection.
struct FakeEnd {
  std::string address;  // that was dialled, or of who dialled
  env::ConnectionOptions options;
  env::Connection::Callbacks callbacks;
  FakeEnd* peer = nullptr;  // nothing: the other end is the test itself
  bool flows = true;        // what is sent is taken at the end of the turn
  bool open = false;
  bool paused = false;
  bool closing = false;
  bool closed = false;
  bool destroyed = false;
  bool refused = false;  // a Send, since something was taken
  Bytes queued;
  Bytes taken;    // by the test
  Bytes arrived;  // and not yet told

  bool lives() const { return !closed && !destroyed; }
  // What the other end does. Each calls back.
  void Open();
  void Say(ByteView bytes);
  void Break(env::CloseReason reason = env::CloseReason::kReset, std::string detail = "reset");
  // Everything that was sent, since it was last asked.
  Bytes Take() { return std::exchange(taken, {}); }
};

class FakeLoop final : public env::Loop {
 public:
  explicit FakeLoop(FakeClock& clock) : clock_(clock) {}

  // Runs what is due: what was posted, bytes that were sent, timers of this moment.
  void Settle();
  // The same, and for all moments up to then.
  void Advance(std::uint64_t ns);
  // A connection that the test itself has dialled.
  std::pair<std::unique_ptr<env::Connection>, FakeEnd*> Accepted(
      const env::ConnectionOptions& options = {});
  // Of all that were ever made, in that order. A dialled end without a listener waits for the
  // test; an address in `refuses` is refused.
  const std::vector<std::unique_ptr<FakeEnd>>& ends() const { return ends_; }
  FakeEnd& last() const { return *ends_.back(); }
  std::size_t timers() const { return timers_.size(); }

  std::uint64_t piece_max = ~std::uint64_t{0};  // of bytes that arrive at once

  void Run() override;
  void Stop() override { stopped_ = true; }
  void Post(std::function<void()> work) override { posted_.push_back(std::move(work)); }
  TimerId At(std::uint64_t deadline_ns, std::function<void()> work) override;
  void Cancel(TimerId timer) override;
  Result<std::unique_ptr<env::Listener>> Listen(const std::string& address,
                                                const env::ConnectionOptions& options,
                                                OnConnection on_connection) override;
  std::unique_ptr<env::Connection> Connect(const std::string& address,
                                           const env::ConnectionOptions& options,
                                           env::Connection::Callbacks callbacks) override;
  void SubmitWrite(env::File& file, std::uint64_t offset, ByteView data,
                   std::function<void(Status)> done) override;

 private:
  struct Accepts {
    env::ConnectionOptions options;
    OnConnection on_connection;
  };
  class FakeListener;

  FakeEnd& NewEnd(std::string address, const env::ConnectionOptions& options);
  void Meet(FakeEnd& end);
  bool RunPosted();
  bool RunTimers();
  bool RunStreams();
  bool MoveBytes(FakeEnd& end);
  bool EndStream(FakeEnd& end);

  FakeClock& clock_;
  std::vector<std::function<void()>> posted_;
  std::map<std::pair<std::uint64_t, TimerId>, std::function<void()>> timers_;
  std::map<TimerId, std::uint64_t> deadlines_;
  TimerId last_timer_ = 0;
  std::map<std::string, Accepts> listeners_;
  std::vector<std::unique_ptr<FakeEnd>> ends_;
  bool stopped_ = false;
};

}  // namespace beach::wire::testing
