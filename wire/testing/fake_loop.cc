// SPDX-License-Identifier: Apache-2.0
#include "wire/testing/fake_loop.h"

#include <algorithm>

#include "base/check.h"

namespace beach::wire::testing {
namespace {

constexpr int kTurnsMax = 100'000;  // of one moment: more is a loop that never ends

class FakeConnection final : public env::Connection {
 public:
  explicit FakeConnection(FakeEnd& end) : end_(end) {}
  ~FakeConnection() override { end_.destroyed = true; }

  bool Send(ByteView bytes) override {
    const std::uint64_t room = end_.options.send_queue_max_bytes - end_.queued.size();
    if (!end_.lives() || end_.closing) return false;
    if (bytes.size() > room) {
      end_.refused = true;
      return false;
    }
    end_.queued.append(bytes);
    return true;
  }
  std::uint64_t queued_bytes() const override { return end_.queued.size(); }
  void PauseReading(bool paused) override { end_.paused = paused; }
  void Close() override { end_.closing = true; }
  const std::string& peer() const override { return end_.address; }

 private:
  FakeEnd& end_;
};

}  // namespace

void FakeClock::SleepUntil(std::uint64_t deadline_ns) { now_ns = std::max(now_ns, deadline_ns); }

void FakeEnd::Open() {
  BEACH_CHECK(lives() && !open);
  open = true;
  if (callbacks.on_open) callbacks.on_open();
}

void FakeEnd::Say(ByteView bytes) {
  if (!lives() || closing) return;
  const Bytes borrowed(bytes);  // dies with this call
  if (callbacks.on_bytes) callbacks.on_bytes(borrowed);
}

void FakeEnd::Break(env::CloseReason reason, std::string detail) {
  if (!lives()) return;
  closed = true;
  queued.clear();
  const env::Closed why{.reason = reason, .detail = std::move(detail)};
  if (callbacks.on_closed) callbacks.on_closed(why);
}

class FakeLoop::FakeListener final : public env::Listener {
 public:
  FakeListener(FakeLoop& loop, std::string address) : loop_(loop), address_(std::move(address)) {}
  ~FakeListener() override { loop_.listeners_.erase(address_); }
  const std::string& address() const override { return address_; }

 private:
  FakeLoop& loop_;
  const std::string address_;
};

FakeEnd& FakeLoop::NewEnd(std::string address, const env::ConnectionOptions& options) {
  ends_.push_back(std::make_unique<FakeEnd>());
  ends_.back()->address = std::move(address);
  ends_.back()->options = options;
  return *ends_.back();
}

std::pair<std::unique_ptr<env::Connection>, FakeEnd*> FakeLoop::Accepted(
    const env::ConnectionOptions& options) {
  FakeEnd& end = NewEnd("guest:1", options);
  end.open = true;
  return {std::make_unique<FakeConnection>(end), &end};
}

std::unique_ptr<env::Connection> FakeLoop::Connect(const std::string& address,
                                                   const env::ConnectionOptions& options,
                                                   env::Connection::Callbacks callbacks) {
  FakeEnd& end = NewEnd(address, options);
  end.callbacks = std::move(callbacks);
  Post([this, &end] { Meet(end); });
  return std::make_unique<FakeConnection>(end);
}

// Where nobody listens, the test says whether and when the end opens.
void FakeLoop::Meet(FakeEnd& end) {
  const auto found = listeners_.find(end.address);
  if (found == listeners_.end() || !end.lives()) return;
  FakeEnd& other = NewEnd("guest:" + std::to_string(ends_.size()), found->second.options);
  other.open = true;
  other.peer = &end;
  end.peer = &other;
  other.callbacks = found->second.on_connection(std::make_unique<FakeConnection>(other));
  end.Open();
}

Result<std::unique_ptr<env::Listener>> FakeLoop::Listen(const std::string& address,
                                                        const env::ConnectionOptions& options,
                                                        OnConnection on_connection) {
  const bool is_new =
      listeners_.emplace(address, Accepts{options, std::move(on_connection)}).second;
  if (!is_new) return Fail(ErrorCode::kIo, address + " is taken");
  return std::unique_ptr<env::Listener>(std::make_unique<FakeListener>(*this, address));
}

env::Loop::TimerId FakeLoop::At(std::uint64_t deadline_ns, std::function<void()> work) {
  const TimerId id = ++last_timer_;
  timers_[{deadline_ns, id}] = std::move(work);
  deadlines_[id] = deadline_ns;
  return id;
}

void FakeLoop::Cancel(TimerId timer) {
  const auto found = deadlines_.find(timer);
  if (found == deadlines_.end()) return;
  timers_.erase({found->second, timer});
  deadlines_.erase(found);
}

void FakeLoop::SubmitWrite(env::File&, std::uint64_t, ByteView, std::function<void(Status)>) {
  BEACH_CHECK(false);  // what speaks over a loop writes no files
}

bool FakeLoop::RunPosted() {
  auto work = std::exchange(posted_, {});
  for (auto& one : work) one();
  return !work.empty();
}

bool FakeLoop::RunTimers() {
  if (timers_.empty() || timers_.begin()->first.first > clock_.now_ns) return false;
  auto first = timers_.extract(timers_.begin());
  deadlines_.erase(first.key().second);
  first.mapped()();
  return true;
}

bool FakeLoop::MoveBytes(FakeEnd& end) {
  bool moved = false;
  if (end.lives() && end.open && end.flows && !end.queued.empty()) {
    const bool low = end.queued.size() > end.options.send_queue_low_bytes || end.refused;
    (end.peer == nullptr ? end.taken : end.peer->arrived) += std::exchange(end.queued, {});
    end.refused = false;
    if (low && end.callbacks.on_writable) end.callbacks.on_writable();
    moved = true;
  }
  if (end.lives() && !end.paused && !end.arrived.empty()) {
    const std::uint64_t size = std::min(piece_max, end.options.read_max_bytes);
    const Bytes piece = end.arrived.substr(0, size);
    end.arrived.erase(0, piece.size());
    end.Say(piece);
    moved = true;
  }
  return moved;
}

bool FakeLoop::EndStream(FakeEnd& end) {
  const bool sent = end.queued.empty() || !end.lives();
  if (end.closing && sent && end.lives()) {
    end.Break(env::CloseReason::kLocal, "closed");
    return true;
  }
  if (end.lives() || end.peer == nullptr || !end.peer->lives()) return false;
  if (!end.peer->arrived.empty() && !end.peer->paused && !end.peer->closing) return false;
  end.peer->Break(end.closing ? env::CloseReason::kPeer : env::CloseReason::kReset, "peer left");
  return true;
}

bool FakeLoop::RunStreams() {
  bool moved = false;
  for (std::size_t i = 0; i < ends_.size(); ++i) {  // grows meanwhile
    moved = MoveBytes(*ends_[i]) || moved;
    moved = EndStream(*ends_[i]) || moved;
  }
  return moved;
}

void FakeLoop::Settle() {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    const bool posted = RunPosted();
    const bool timers = RunTimers();
    const bool streams = RunStreams();
    if (!posted && !timers && !streams) return;
  }
  BEACH_CHECK(false);
}

void FakeLoop::Advance(std::uint64_t ns) {
  const std::uint64_t end_ns = clock_.now_ns + ns;
  Settle();
  while (!timers_.empty() && timers_.begin()->first.first <= end_ns) {
    clock_.now_ns = std::max(clock_.now_ns, timers_.begin()->first.first);
    Settle();
  }
  clock_.now_ns = end_ns;
}

void FakeLoop::Run() {
  stopped_ = false;
  while (!stopped_ && !timers_.empty()) {
    Advance(std::max(timers_.begin()->first.first, clock_.now_ns) - clock_.now_ns);
  }
}

}  // namespace beach::wire::testing
