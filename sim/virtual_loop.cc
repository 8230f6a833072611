// SPDX-License-Identifier: Apache-2.0
#include "sim/virtual_loop.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

#include "base/check.h"
#include "env/threads.h"
#include "env/virtual_os.h"
#include "sim/network/address.h"
#include "sim/system_scope.h"
#include "sim/virtual_connection.h"
#include "sim/virtual_files.h"

// The shape of every call is that of virtual_files.cc: pass the gate, touch the network with a
// SystemScope open and no switch inside, build the answer in the process's own memory.

namespace beach::sim {
namespace {

constexpr Site kOrder = "net.loop_order";

template <class Call>
auto OnNetwork(Call call) {
  const SystemScope scope;
  return call();
}

}  // namespace

Result<std::unique_ptr<env::Loop>> VirtualLoops::NewLoop() {
  SeamGate& gate = surroundings_.gate;
  gate.Enter("net.new_loop", 0);
  Result<std::unique_ptr<env::Loop>> loop;
  if (gate.RefusesDescriptor()) {
    loop = Fail(ErrnoError(EMFILE, "make a loop", "network"));
  } else {
    loop = std::make_unique<VirtualLoop>(surroundings_);
  }
  gate.Leave("net.new_loop");
  return loop;
}

VirtualLoop::VirtualLoop(const LoopSurroundings& surroundings) : surroundings_(surroundings) {
  poller_ = OnNetwork([this] {
    return surroundings_.network.OpenPoller(surroundings_.host, surroundings_.process, this);
  });
}

VirtualLoop::~VirtualLoop() {
  BEACH_CHECK_EQ(thread_, 0U);
  BEACH_CHECK(connections_.empty());
  BEACH_CHECK(listeners_.empty());
  writes_.clear();  // waits for each
  OnNetwork([this] { surroundings_.network.ClosePoller(poller_); });
}

void VirtualLoop::CheckThread() const {
  if (thread_ != 0) BEACH_CHECK_EQ(thread_, env::CurrentThreadId());
}

void VirtualLoop::Run() {
  BEACH_CHECK_EQ(thread_, 0U);
  thread_ = env::CurrentThreadId();
  while (!stopped_) RunTurn();
  stopped_ = false;
  thread_ = 0;
}

void VirtualLoop::Stop() {
  CheckThread();
  stopped_ = true;
}

void VirtualLoop::Post(std::function<void()> work) {
  env::VirtualOs& os = *env::current_virtual_os;
  os.Step();
  os.Acquired(this);
  posted_.push_back(std::move(work));
  os.Released(this);
  os.Unpark(this, true);
}

env::Loop::TimerId VirtualLoop::At(std::uint64_t deadline_ns, std::function<void()> work) {
  CheckThread();
  const TimerId timer = ++last_timer_;
  const auto behind = std::ranges::upper_bound(timers_, deadline_ns, {}, &Timer::deadline_ns);
  std::size_t place = timer_works_.size();
  if (timer_places_.empty()) {
    timer_works_.push_back(std::move(work));
  } else {
    place = timer_places_.back();
    timer_places_.pop_back();
    timer_works_[place] = std::move(work);
  }
  timers_.insert(behind, {.deadline_ns = deadline_ns, .id = timer, .place = place});
  return timer;
}

void VirtualLoop::Cancel(TimerId timer) {
  CheckThread();
  const std::function<void()> dropped = TakeTimer(timer);
}

std::function<void()> VirtualLoop::TakeTimer(TimerId timer) {
  const auto found = std::ranges::find(timers_, timer, &Timer::id);
  if (found == timers_.end()) return nullptr;
  const std::size_t place = found->place;
  timers_.erase(found);
  timer_places_.push_back(place);
  return std::exchange(timer_works_[place], nullptr);
}

Result<std::unique_ptr<env::Listener>> VirtualLoop::Listen(const std::string& address,
                                                           const env::ConnectionOptions& options,
                                                           OnConnection on_connection) {
  CheckThread();
  const std::optional<Address> parsed = ParseAddress(address);
  if (!parsed) {
    return Fail(ErrorCode::kInvalidArgument,
                "'" + address + "' is no address: host:port is expected");
  }
  SeamGate& gate = surroundings_.gate;
  gate.Enter("net.listen", parsed->port);
  ListenerId listener;
  std::uint16_t port = 0;
  int result = gate.RefusesDescriptor() ? -EMFILE : 0;
  if (result == 0) {
    result =
        OnNetwork([&] { return surroundings_.network.Listen(poller_, *parsed, listener, port); });
  }
  gate.Leave("net.listen");
  if (result != 0) return Fail(ErrnoError(-result, "listen on", address));
  return std::make_unique<VirtualListener>(*this, listener,
                                           parsed->host + ":" + std::to_string(port), options,
                                           std::move(on_connection));
}

std::unique_ptr<env::Connection> VirtualLoop::Connect(const std::string& address,
                                                      const env::ConnectionOptions& options,
                                                      env::Connection::Callbacks callbacks) {
  CheckThread();
  const std::optional<Address> parsed = ParseAddress(address);
  SeamGate& gate = surroundings_.gate;
  gate.Enter("net.connect", parsed ? parsed->port : 0);
  Breakage broken = parsed ? Breakage::kNone : Breakage::kUnknown;
  if (parsed && gate.RefusesDescriptor()) broken = Breakage::kNoDescriptor;
  const SocketId socket = OnNetwork([&] {
    return broken == Breakage::kNone ? surroundings_.network.Connect(poller_, *parsed)
                                     : surroundings_.network.ConnectInVain(poller_, broken);
  });
  auto connection = std::make_unique<VirtualConnection>(*this, socket, address, false, options);
  connection->Call(std::move(callbacks));
  gate.Leave("net.connect");
  return connection;
}

void VirtualLoop::SubmitWrite(env::File& file, std::uint64_t offset, ByteView data,
                              std::function<void(Status)> done) {
  CheckThread();
  Write& write = writes_.emplace_back();
  write.done = std::move(done);
  auto started = file.SubmitWrite(offset, data);
  if (!started) {
    write.status = Fail(std::move(started).error());
    write.completed = true;
    ++writes_completed_;
    return;
  }
  write.pending = std::move(*started);
  write.looked_at = static_cast<VirtualWrite*>(write.pending->loop_write());
  if (write.looked_at == nullptr) return;  // of files in memory: done when it returned
  const std::uint64_t due = write.looked_at->due_ns();
  OnNetwork([this, due] { surroundings_.network.WakeAt(poller_, due); });
}

void VirtualLoop::RunTurn() {
  surroundings_.gate.Enter("net.turn", ++turns_);
  Collect();
  CallAll();
  // Mostly one post for all that came: a turn of its own would find nothing else. What that posts
  // waits, so that one who posts again and again keeps nobody waiting.
  if (!stopped_ && !posted_.empty()) {
    TakePosted();
    CallAll();
  }
  PutBack();
  FlushAll();
  surroundings_.gate.Leave("net.turn");
  if (!stopped_) Park();
}

void VirtualLoop::CallAll() {
  while (!stopped_) {
    Sources ready{};
    const std::size_t count = FindReady(ready);
    if (count == 0) return;
    const std::size_t chosen =
        count == 1 ? 0 : RandomBelow(surroundings_.decisions.Draw(kOrder), count);
    CallOne(ready[chosen]);
  }
}

void VirtualLoop::TakePosted() {
  env::VirtualOs& os = *env::current_virtual_os;
  std::vector<std::function<void()>>& posted = turn_.posted.Begin();
  os.Acquired(this);
  posted.swap(posted_);
  os.Released(this);
}

void VirtualLoop::Collect() {
  TakePosted();
  std::vector<TimerId>& due = turn_.timers.Begin();
  if (!timers_.empty()) {
    const std::uint64_t now = surroundings_.gate.MonotonicTime();
    for (const Timer& timer : timers_) {
      if (timer.deadline_ns > now) break;
      due.push_back(timer.id);
    }
  }
  CompleteWrites();
  VirtualNetwork& network = surroundings_.network;
  const std::vector<SocketId>& ready = network.ready(poller_);
  std::vector<SocketId>& sockets = turn_.sockets.Begin();
  sockets.swap(attended_);
  sockets.insert(sockets.end(), ready.begin(), ready.end());
  const std::vector<ListenerId>& connecting = network.connecting(poller_);
  std::vector<ListenerId>& listeners = turn_.listeners.Begin();
  listeners.swap(listened_);
  listeners.insert(listeners.end(), connecting.begin(), connecting.end());
  OnNetwork([this] { surroundings_.network.ForgetReady(poller_); });
}

void VirtualLoop::PutBack() {
  if (!stopped_) return;  // all was called
  turn_.sockets.MoveTo(attended_, attended_.end());
  turn_.listeners.MoveTo(listened_, listened_.end());
  if (!turn_.posted.empty()) turn_.posted.MoveTo(posted_, posted_.begin());
}

std::size_t VirtualLoop::FindReady(Sources& ready) const {
  std::size_t count = 0;
  if (!turn_.posted.empty()) ready[count++] = Source::kPosted;
  if (!turn_.timers.empty()) ready[count++] = Source::kTimer;
  if (writes_completed_ > 0) ready[count++] = Source::kWrite;
  if (!turn_.sockets.empty()) ready[count++] = Source::kSocket;
  if (!turn_.listeners.empty()) ready[count++] = Source::kListener;
  return count;
}

void VirtualLoop::CallOne(Source source) {
  switch (source) {
    case Source::kPosted: {
      const std::function<void()> work = turn_.posted.Take();
      return work();
    }
    case Source::kTimer: return CallTimer(turn_.timers.Take());
    case Source::kWrite: return CallWrite();
    case Source::kSocket: return CallSocket(turn_.sockets.Take());
    case Source::kListener: return CallListener(turn_.listeners.Take());
  }
}

// Unless it was cancelled in this turn.
void VirtualLoop::CallTimer(TimerId timer) {
  const std::function<void()> work = TakeTimer(timer);
  if (work) work();
}

void VirtualLoop::CallWrite() {
  const auto found =
      std::ranges::find_if(writes_, [](const Write& write) { return write.completed; });
  std::list<Write> taken;
  taken.splice(taken.begin(), writes_, found);
  --writes_completed_;
  Write& write = taken.front();
  write.pending.reset();
  write.done(std::move(write.status));
}

void VirtualLoop::CallSocket(SocketId socket) {
  const auto found = connections_.find(socket);
  if (found != connections_.end()) found->second->TellOne();
}

void VirtualLoop::CallListener(ListenerId listener) {
  const auto found = listeners_.find(listener);
  if (found != listeners_.end()) found->second->TellOne();
}

void VirtualLoop::CompleteWrites() {
  for (Write& write : writes_) {
    if (write.completed) continue;
    if (write.looked_at == nullptr) {
      write.status = write.pending->Wait();
      write.completed = true;
      ++writes_completed_;
      continue;
    }
    if (write.looked_at->due_ns() > surroundings_.gate.Now()) continue;
    write.completed = write.looked_at->Look();
    if (write.completed) {
      ++writes_completed_;
      write.status = write.looked_at->outcome();
      continue;
    }
    const std::uint64_t due = write.looked_at->due_ns();
    OnNetwork([this, due] { surroundings_.network.WakeAt(poller_, due); });
  }
}

void VirtualLoop::Attend(SocketId socket) {
  if (std::ranges::find(attended_, socket) == attended_.end()) attended_.push_back(socket);
}

void VirtualLoop::Flush(SocketId socket) {
  if (std::ranges::find(dirty_, socket) == dirty_.end()) dirty_.push_back(socket);
}

void VirtualLoop::FlushAll() {
  flushed_.clear();
  flushed_.swap(dirty_);
  for (const SocketId socket : flushed_) {
    const auto found = connections_.find(socket);
    if (found != connections_.end()) found->second->Flush();
  }
}

// Nothing switches between the last look at what is ready and the park.
void VirtualLoop::Park() {
  if (!posted_.empty()) return;
  VirtualNetwork& network = surroundings_.network;
  if (!attended_.empty() || !listened_.empty() || !network.ready(poller_).empty() ||
      !network.connecting(poller_).empty()) {
    return;
  }
  for (const Write& write : writes_) {
    const bool due = write.completed || write.looked_at == nullptr ||
                     write.looked_at->due_ns() <= surroundings_.gate.Now();
    if (due) return;
  }
  const std::uint64_t deadline = timers_.empty() ? env::kNoDeadline : timers_.front().deadline_ns;
  static_cast<void>(env::current_virtual_os->Park(this, deadline));
}

}  // namespace beach::sim
